using OtpActors.Cql;

namespace OtpActors.Infrastructure.Stores.Cassandra;

/// <summary>What a failure of the driver means to the store: an outage, which passes, or something to set right.</summary>
internal static class CassandraFailures
{
    private const string Section = "OtpActors:Cassandra";

    /// <param name="metadata">Null as long as there was no connection.</param>
    public static Exception From(DriverException failure, CassandraOptions options, ClusterMetadata? metadata) => failure switch
    {
        AuthenticationException => Setup(
            $"Cassandra does not let the user in: {failure.Message}. Set {Section}:Username and :Password.", failure),
        TlsException => Setup(
            $"Cassandra cannot be reached securely: {failure.Message} {Section}:TlsAuthorities names a PEM file of authorities to trust.", failure),
        UnsupportedProtocolVersionException => Setup(
            $"Cassandra speaks none of the protocol versions 3 and 4 ({failure.Message}): 2.1 or later is needed.", failure),
        UnauthorizedException => Setup(
            $"The user may not use {options.Keyspace}.{options.Table}: {failure.Message}. GRANT what is missing, "
            + "or create keyspace and table beforehand.",
            failure),
        UnavailableException unavailable when metadata is not null && TooFewReplicas(unavailable, options, metadata) is { } why =>
            Setup($"{why}: add nodes, ALTER KEYSPACE, or set {Section}:Consistency.", failure),
        InvalidQueryException when failure.Message.Contains("does not exist", StringComparison.OrdinalIgnoreCase)
            && failure.Message.Contains("keyspace", StringComparison.OrdinalIgnoreCase) => Setup(
            $"Cassandra at {options.ContactPoints} has no keyspace {options.Keyspace}: set {Section}:Keyspace to one it has, "
            + "or let a run create it.",
            failure),
        InvalidQueryException when failure.Message.Contains("unconfigured", StringComparison.OrdinalIgnoreCase) => Setup(
            $"The keyspace {options.Keyspace} has no table {options.Table}: set {Section}:Table to one it has, or let a run create it.", failure),
        InvalidQueryException => Setup(
            $"Cassandra refuses the store's statement: {failure.Message}. "
            + $"Is {options.Keyspace}.{options.Table} a table with email as its key?",
            failure),
        SyntaxErrorException or InvalidConfigurationInQueryException or PreparedQueryNotFoundException =>
            Setup($"Cassandra refuses the store's statement: {failure.Message}", failure),
        NoHostAvailableException when metadata is { AllHosts.Count: > 0 } && options.LocalDatacenter is { } centre
            && metadata.AllHosts.All(host => host.Datacenter != centre) => Setup(
            $"Cassandra at {options.ContactPoints} has no data centre {centre}, but {Centres(metadata)}: "
            + $"set {Section}:LocalDatacenter to one of those.",
            failure),
        NoHostAvailableException => new StoreUnavailableException(
            $"Cassandra at {options.ContactPoints} cannot be reached: {failure.Message}. Is it running, "
            + $"and is {Section}:ContactPoints right?",
            failure),
        _ => new StoreUnavailableException($"Cassandra cannot serve now: {failure.Message}", failure),
    };

    /// <summary>Null where there would be enough if all of them were alive: that is an outage.</summary>
    private static string? TooFewReplicas(UnavailableException unavailable, CassandraOptions options, ClusterMetadata metadata)
    {
        var isLocal = unavailable.Consistency is ConsistencyLevel.LocalOne or ConsistencyLevel.LocalQuorum or ConsistencyLevel.LocalSerial;
        var hosts = metadata.GetReplicationFactor(options.Keyspace) is null ? metadata.AllHosts : metadata.GetReplicas(options.Keyspace, 0);
        var there = hosts.Count(host => !isLocal || host.Datacenter == metadata.LocalDatacenter);
        return there >= unavailable.RequiredReplicas
            ? null
            : $"The keyspace {options.Keyspace} has too few replicas: {unavailable.Consistency} needs {unavailable.RequiredReplicas} and "
                + $"there can be {there}" + (isLocal ? $" in the data centre {metadata.LocalDatacenter}" : "");
    }

    private static string Centres(ClusterMetadata metadata) =>
        string.Join(", ", metadata.AllHosts.Select(host => host.Datacenter).Distinct().Order(StringComparer.Ordinal));

    private static StoreSetupException Setup(string message, Exception failure) => new(message, failure);
}
