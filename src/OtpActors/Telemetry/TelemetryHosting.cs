using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OtpActors.Steps;

namespace OtpActors.Telemetry;

/// <summary>Collects and exports: Prometheus on <c>/metrics</c>, OTLP where a collector is set.</summary>
public static class TelemetryHosting
{
    private static readonly string[] Meters =
        [ServiceMetrics.MeterName, "OtpActors.*", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>For a service without an HTTP side too.</summary>
    public static IServiceCollection AddServiceTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        services.AddMetrics();
        services.AddSingleton<ServiceMetrics>();
        if (options.OtlpEndpoint is null)
        {
            return services;
        }

        services.AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithTracing(traces => traces.AddSource(RunTracing.SourceName).AddOtlpExporter(otlp => Set(otlp, options, "v1/traces")))
            .WithMetrics(metrics => metrics.AddMeter(Meters).AddOtlpExporter((otlp, reader) =>
            {
                Set(otlp, options, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.ExportInterval.TotalMilliseconds;
            }));
        return services;
    }

    public static IServiceCollection AddPrometheus(this IServiceCollection services)
    {
        services.AddSingleton<LagMonitor>();
        services.AddHostedService(sp => sp.GetRequiredService<LagMonitor>());
        services.AddOpenTelemetry().ConfigureResource(Describe).WithMetrics(metrics => metrics
            .AddMeter(Meters)
            .AddPrometheusExporter(prometheus => prometheus.ScrapeResponseCacheDurationMilliseconds = 300));
        return services;
    }

    private static void Describe(ResourceBuilder resource) => resource.AddService(
        "otpactors", serviceVersion: typeof(TelemetryHosting).Assembly.GetName().Version?.ToString(3));

    private static void Set(OtlpExporterOptions otlp, TelemetryOptions options, string path)
    {
        (otlp.Protocol, otlp.Endpoint) = options.OtlpProtocol == OtlpProtocol.Grpc
            ? (OtlpExportProtocol.Grpc, options.OtlpEndpoint!)
            : (OtlpExportProtocol.HttpProtobuf, new Uri($"{options.OtlpEndpoint!.ToString().TrimEnd('/')}/{path}"));
    }
}
