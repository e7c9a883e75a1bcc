using OtpActors.Cql.Protocol;

namespace OtpActors.Cql;

/// <summary>Puts <see cref="ClusterOptions"/> together under the names that other Cassandra drivers use.</summary>
public sealed class ClusterBuilder
{
    private ClusterOptions _options = new();

    public ClusterBuilder AddContactPoints(params IEnumerable<string> points) =>
        With(_options with { ContactPoints = [.. _options.ContactPoints, .. points] });

    public ClusterBuilder AddContactPoint(string point) => AddContactPoints(point);

    public ClusterBuilder WithPort(int port) => With(_options with { Port = port });

    public ClusterBuilder WithCredentials(string username, string password) =>
        WithAuthProvider(new PlainTextAuthProvider(username, password));

    public ClusterBuilder WithAuthProvider(IAuthProvider provider) => With(_options with { AuthProvider = provider });

    public ClusterBuilder WithSSL() => WithSSL(new SslOptions());

    public ClusterBuilder WithSSL(SslOptions ssl) => With(_options with { Ssl = ssl });

    public ClusterBuilder WithLocalDatacenter(string datacenter) => With(_options with { LocalDatacenter = datacenter });

    public ClusterBuilder WithConsistencyLevel(ConsistencyLevel level) => With(_options with { ConsistencyLevel = level });

    /// <param name="milliseconds">Limit of each attempt.</param>
    public ClusterBuilder WithQueryTimeout(int milliseconds) =>
        With(_options with { QueryTimeout = TimeSpan.FromMilliseconds(milliseconds) });

    /// <summary>See <see cref="ClusterOptions.MaxSchemaAgreementWait"/>.</summary>
    public ClusterBuilder WithMaxSchemaAgreementWaitSeconds(int seconds) =>
        With(_options with { MaxSchemaAgreementWait = TimeSpan.FromSeconds(seconds) });

    public ClusterBuilder WithMaxProtocolVersion(ProtocolVersion version) => With(_options with { MaxProtocolVersion = version });

    /// <summary>Changes what has no method of its own.</summary>
    public ClusterBuilder With(Func<ClusterOptions, ClusterOptions> change) => With(change(_options));

    /// <exception cref="ArgumentException">There is no contact point, or a number is out of its range.</exception>
    public Cluster Build()
    {
        if (_options.ContactPoints.Count == 0)
        {
            throw new ArgumentException("a cluster needs at least one contact point");
        }

        if (_options.MaxRequestsPerConnection is < 1 or > short.MaxValue)
        {
            throw new ArgumentException("1 to 32767 requests can be in flight on a connection");
        }

        return new Cluster(_options);
    }

    private ClusterBuilder With(ClusterOptions options)
    {
        _options = options;
        return this;
    }
}
