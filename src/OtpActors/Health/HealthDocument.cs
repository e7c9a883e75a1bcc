using System.ComponentModel;

namespace OtpActors.Health;

/// <summary>How the service is.</summary>
/// <param name="Status"><c>live</c>; of readiness <c>ready</c> or <c>notReady</c>.</param>
/// <param name="Checks">What readiness looks at, by name.</param>
public sealed record HealthDocument(string Status, IReadOnlyDictionary<string, HealthDocument.Check>? Checks = null)
{
    public const string Live = "live";
    public const string Ready = "ready";
    public const string NotReady = "notReady";

    /// <param name="Status"><c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</param>
    public sealed record Check(
        string Status, [property: Description("What is wrong, or worth knowing; for callers who may read.")] string? Detail = null);
}
