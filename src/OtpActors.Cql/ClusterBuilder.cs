using OtpActors.Cql.Protocol;

namespace OtpActors.Cql;

/// <summary>Puts <see cref="ClusterOptions"/> together under the names that other Cassandra drivers use.</summary>
public sealed class ClusterBuilder
{
    private ClusterOptions _options = new();

    /// <summary>
    /// Adds nodes to begin with: names or addresses, each with a port (<c>host:9042</c>) or without. Several are tried
    /// in turn.
    /// </summary>
    public ClusterBuilder AddContactPoints(params IEnumerable<string> points) =>
        With(_options with { ContactPoints = [.. _options.ContactPoints, .. points] });

    /// <summary>Adds one node to begin with. See <see cref="AddContactPoints"/>.</summary>
    public ClusterBuilder AddContactPoint(string point) => AddContactPoints(point);

    /// <summary>The port of contact points that name none, and of the nodes found through them. Default 9042.</summary>
    public ClusterBuilder WithPort(int port) => With(_options with { Port = port });

    /// <summary>User name and password, as SASL PLAIN. Without TLS they cross the network in clear.</summary>
    public ClusterBuilder WithCredentials(string username, string password) =>
        WithAuthProvider(new PlainTextAuthProvider(username, password));

    /// <summary>Any other way to authenticate. Default: none, which a server that requires it refuses.</summary>
    public ClusterBuilder WithAuthProvider(IAuthProvider provider) => With(_options with { AuthProvider = provider });

    /// <summary>TLS with the system's trusted authorities, the host's name checked. Default: no TLS.</summary>
    public ClusterBuilder WithSSL() => WithSSL(new SslOptions());

    /// <summary>TLS as the options say. Default: no TLS.</summary>
    public ClusterBuilder WithSSL(SslOptions ssl) => With(_options with { Ssl = ssl });

    /// <summary>The data centre whose nodes are asked. Default: that of the first contact point that answers.</summary>
    public ClusterBuilder WithLocalDatacenter(string datacenter) => With(_options with { LocalDatacenter = datacenter });

    /// <summary>The level of statements that have none of their own. Default LocalOne.</summary>
    public ClusterBuilder WithConsistencyLevel(ConsistencyLevel level) => With(_options with { ConsistencyLevel = level });

    /// <param name="milliseconds">Limit of each attempt.</param>
    public ClusterBuilder WithQueryTimeout(int milliseconds) =>
        With(_options with { QueryTimeout = TimeSpan.FromMilliseconds(milliseconds) });

    /// <summary>See <see cref="ClusterOptions.MaxSchemaAgreementWait"/>.</summary>
    public ClusterBuilder WithMaxSchemaAgreementWaitSeconds(int seconds) =>
        With(_options with { MaxSchemaAgreementWait = TimeSpan.FromSeconds(seconds) });

    /// <summary>
    /// The highest protocol version that is tried. Default v4; a server that does not know it is asked in v3.
    /// </summary>
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
