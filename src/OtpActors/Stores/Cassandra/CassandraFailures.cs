using OtpActors.Cql;

namespace OtpActors.Stores.Cassandra;

/// <summary>What a failure of the driver means to the store: an outage, which passes, or something to set right.</summary>
internal static class CassandraFailures
{
    private const string Section = "OtpActors:Cassandra";

    public static Exception Of(DriverException failure, CassandraOptions options, int nodes) => failure switch
    {
        AuthenticationException => new CassandraSetupException(
            $"Cassandra does not let the user in: {failure.Message}. Set {Section}:Username and :Password.", failure),
        TlsException => new CassandraSetupException(
            $"Cassandra cannot be reached securely: {failure.Message} {Section}:TlsAuthorities names a PEM file of authorities to trust.", failure),
        UnsupportedProtocolVersionException => new CassandraSetupException(
            $"Cassandra speaks none of the protocol versions 3 and 4 ({failure.Message}): 2.1 or later is needed.", failure),
        UnauthorizedException => new CassandraSetupException(
            $"The user may not use {options.Keyspace}.{options.Table}: {failure.Message}. GRANT what is missing, or create keyspace and table beforehand.", failure),
        UnavailableException unavailable when unavailable.RequiredReplicas > nodes && nodes > 0 => new CassandraSetupException(
            $"The keyspace {options.Keyspace} wants {unavailable.RequiredReplicas} replicas for {unavailable.Consistency} and the cluster has "
            + $"{nodes} node(s): add nodes, ALTER KEYSPACE, or set {Section}:Consistency.", failure),
        InvalidQueryException => new CassandraSetupException(
            $"Cassandra refuses the store's statement: {failure.Message}. Does {options.Keyspace}.{options.Table} exist, with email as its key?", failure),
        SyntaxErrorException or InvalidConfigurationInQueryException or PreparedQueryNotFoundException =>
            new CassandraSetupException($"Cassandra refuses the store's statement: {failure.Message}", failure),
        NoHostAvailableException => new StoreUnavailableException(
            $"Cassandra at {options.ContactPoints} cannot be reached: {failure.Message}. Is it running, and is {Section}:ContactPoints right?", failure),
        _ => new StoreUnavailableException($"Cassandra cannot serve now: {failure.Message}", failure),
    };
}
