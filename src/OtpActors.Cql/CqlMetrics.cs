using System.Diagnostics.Metrics;

namespace OtpActors.Cql;

/// <summary>
/// The meter <c>OtpActors.Cql</c>: <c>cql.client.requests.in_flight</c>, <c>.duration</c> (seconds), <c>.retries</c>,
/// <c>cql.client.connections</c>, <c>cql.client.sends</c> (system calls), <c>cql.client.schema.disagreements</c>. It
/// costs nothing while nobody listens.
/// </summary>
public static class CqlMetrics
{
    /// <summary>The meter's name, to be added to an exporter.</summary>
    public const string MeterName = "OtpActors.Cql";

    private static readonly Meter Meter = new(MeterName);

    internal static readonly UpDownCounter<int> InFlight = Meter.CreateUpDownCounter<int>(
        "cql.client.requests.in_flight", "{request}", "Requests that have not been answered.");

    internal static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "cql.client.requests.duration", "s", "From the call to its completion, retries included.");

    internal static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "cql.client.requests.retries", "{retry}", "Requests sent again.");

    internal static readonly UpDownCounter<int> Connections = Meter.CreateUpDownCounter<int>(
        "cql.client.connections", "{connection}", "Open connections.");

    internal static readonly Counter<long> SchemaDisagreements = Meter.CreateCounter<long>(
        "cql.client.schema.disagreements", "{change}", "Changes of the schema that not all nodes had within the longest wait.");

    internal static readonly Counter<long> Sends = Meter.CreateCounter<long>(
        "cql.client.sends", "{send}", "System calls that sent requests.");
}
