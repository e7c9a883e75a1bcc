using System.ComponentModel.DataAnnotations;

namespace OtpActors.Telemetry;

/// <summary>Where telemetry goes beside <c>/metrics</c>.</summary>
public sealed class TelemetryOptions : IValidatableObject
{
    /// <summary>
    /// An OpenTelemetry collector, as <c>http://localhost:4317</c>; metrics and traces are sent there. Default: none. Headers
    /// for it, which may be secret, come from the standard variable <c>OTEL_EXPORTER_OTLP_HEADERS</c>.
    /// </summary>
    public Uri? OtlpEndpoint { get; set; }

    /// <summary>How the collector is spoken to. Default <c>Grpc</c>.</summary>
    public OtlpProtocol OtlpProtocol { get; set; } = OtlpProtocol.Grpc;

    /// <summary>How often metrics are sent to the collector. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ExportInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often lag is measured. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan LagInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A sink that should consume and has committed nothing for this long, with records waiting, is not ready. Default 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StallAfter { get; set; } = TimeSpan.FromSeconds(60);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (OtlpEndpoint is not (null or { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo: "" }))
        {
            yield return new ValidationResult(
                "Telemetry.OtlpEndpoint must be http://HOST:PORT or https://HOST:PORT, without a user: what the collector asks for comes from "
                + "OTEL_EXPORTER_OTLP_HEADERS.");
        }
    }
}

/// <summary>The forms of OTLP.</summary>
public enum OtlpProtocol
{
    /// <summary>OTLP over gRPC; the endpoint is the collector's, usually port 4317.</summary>
    Grpc,

    /// <summary>OTLP in protobuf over HTTP; the endpoint is the collector's base, usually port 4318.</summary>
    HttpProtobuf,
}
