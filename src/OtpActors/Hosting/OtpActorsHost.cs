using System.Globalization;
using OtpActors.Api;
using OtpActors.Domain.Records;
using OtpActors.Health;
using OtpActors.Infrastructure.Storage;
using OtpActors.Telemetry;
using Serilog;
using Serilog.Configuration;
using Serilog.Core;
using Serilog.Events;

namespace OtpActors.Hosting;

/// <summary>The process around the service: log and life time. Signals are the command line's business.</summary>
public static class OtpActorsHost
{
    private const string LogTemplate =
        "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} [{Level:u3}] {RunId} {ActorPath} {Message:lj}{NewLine}{Exception}";

    private const string HealthChecks = "Microsoft.Extensions.Diagnostics.HealthChecks";

    /// <summary>For people at a terminal: a message names its cause, and where in the code it arose is in the file.</summary>
    private const string ConsoleTemplate = "{Timestamp:yyyy-MM-dd HH:mm:ss.fff} [{Level:u3}] {RunId} {Message:lj}{NewLine}";

    /// <param name="consoleLevel">What goes to standard error; everything from the configured level on goes to the file.</param>
    /// <returns>The service without its HTTP side and its triggers.</returns>
    public static IHost Build(OtpActorsOptions options, DataDirectory data, LogEventLevel consoleLevel)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        Add(builder.Services, options, data, consoleLevel, triggers: false);
        return builder.Build();
    }

    /// <returns>The whole service, with its HTTP side and its triggers.</returns>
    public static WebApplication BuildService(OtpActorsOptions options, DataDirectory data, LogEventLevel consoleLevel) =>
        BuildService(options, data, consoleLevel, _ => { });

    /// <param name="replace">Comes last and may put other parts in place.</param>
    internal static WebApplication BuildService(
        OtpActorsOptions options, DataDirectory data, LogEventLevel consoleLevel, Action<IServiceCollection> replace)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(OtpActorsHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        Add(builder.Services, options, data, consoleLevel, triggers: true);
        builder.AddApi(options.Http);
        builder.Services.AddHealth();
        replace(builder.Services);
        var app = builder.Build();
        app.UseApi(options.Http);
        app.MapHealth();
        return app;
    }

    private static void Add(
        IServiceCollection services, OtpActorsOptions options, DataDirectory data, LogEventLevel consoleLevel, bool triggers)
    {
        var messages = new RunMessages();
        services.AddSingleton(messages);
        services.AddSerilog(log => log
            .MinimumLevel.Is(options.LogLevel)
            .Destructure.AsScalar<OneTimePassword>()
            .Destructure.AsScalar<EmailAddress>()
            .MinimumLevel.Override(AuditTrail.Category, LogEventLevel.Information) // whatever the level of the rest
            .MinimumLevel.Override(HealthChecks, LogEventLevel.Fatal) // each failure, again and again: Readiness tells once
            .MinimumLevel.Override("Microsoft.AspNetCore", LogEventLevel.Warning) // its lines tell paths, which hold addresses
            .MinimumLevel.Override(ApiSecurity.LogCategory, LogEventLevel.Warning)
            .MinimumLevel.Override("System.Net.Http", LogEventLevel.Warning) // its lines tell URLs, which hold tokens
            .WriteTo.Logger(console => console
                .Filter.ByExcluding(IsOfStream)
                .WriteTo.Console(
                    consoleLevel, ConsoleTemplate, standardErrorFromLevel: LogEventLevel.Verbose,
                    formatProvider: CultureInfo.InvariantCulture))
            .WriteTo.Sink(messages)
            .WriteTo.Sink(Forgiving(file => file.File(
                Path.Combine(data.LogsDirectory, "otpactors-.log"), outputTemplate: LogTemplate, formatProvider: CultureInfo.InvariantCulture,
                rollingInterval: RollingInterval.Day, fileSizeLimitBytes: options.Log.MaxFileBytes, rollOnFileSizeLimit: true,
                retainedFileCountLimit: options.Log.MaxFiles)))
            .WriteTo.Logger(audit => audit
                .Filter.ByIncludingOnly(AuditTrail.Has)
                .WriteTo.Sink(Forgiving(file => file.File(
                    Path.Combine(data.LogsDirectory, "audit-.log"), outputTemplate: LogTemplate, formatProvider: CultureInfo.InvariantCulture,
                    rollingInterval: RollingInterval.Month, fileSizeLimitBytes: null, retainedFileCountLimit: null,
                    retainedFileTimeLimit: options.Log.AuditRetention)))),
            preserveStaticLogger: true); // a host's log is its own, also beside another host in the process
        services.AddSingleton<IHostLifetime, NoSignals>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        services.AddOtpActors(options, data, triggers);
    }

    private static ILogEventSink Forgiving(Action<LoggerSinkConfiguration> file) =>
        LoggerSinkConfiguration.Wrap(sink => new ForgivingLog(sink), file);

    /// <summary>A stream's failure is the failure of a step, which says what it means.</summary>
    private static bool IsOfStream(LogEvent log) =>
        log.Properties.TryGetValue("ActorPath", out var path) && path is ScalarValue { Value: string text }
        && text.Contains("/StreamSupervisor-", StringComparison.Ordinal);

    /// <summary>A log that cannot be written, on a full disk, ends neither the run nor the process.</summary>
    private sealed class ForgivingLog(ILogEventSink file) : ILogEventSink, IDisposable
    {
        public void Emit(LogEvent logEvent) => file.Emit(logEvent);

        public void Dispose()
        {
            try
            {
                (file as IDisposable)?.Dispose();
            }
            catch (IOException)
            {
                // Its last lines are lost; standard error has those that matter.
            }
        }
    }

    /// <summary>The command line owns the signals, for every command alike.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
