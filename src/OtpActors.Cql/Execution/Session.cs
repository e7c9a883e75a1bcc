using System.Net;
using OtpActors.Cql.Metadata;

namespace OtpActors.Cql;

internal sealed class Session(Cluster cluster) : ISession
{
    private readonly OperationPool _operations = new();
    private readonly TimestampGenerator _timestamps = new(cluster.Options.TimeProvider);

    public Cluster Cluster => cluster;

    internal ClusterOptions Options => cluster.Options;

    internal Topology Topology => cluster.Topology;

    internal OperationPool Operations => _operations;

    public Task<PreparedStatement> PrepareAsync(string query, CancellationToken cancellationToken) =>
        cluster.Prepared.GetAsync(query, cancellationToken);

    public ValueTask<RowSet> ExecuteAsync(Statement statement, CancellationToken cancellationToken) =>
        Start(statement, statement.PagingState, Options.InlineContinuations, cancellationToken).Rows;

    public ValueTask ExecuteVoidAsync(Statement statement, CancellationToken cancellationToken) =>
        Start(statement, statement.PagingState, Options.InlineContinuations, cancellationToken).Void;

    /// <summary>For callers within the driver, which never block the thread that the response came on.</summary>
    internal ValueTask ExecuteInlineAsync(Statement statement, CancellationToken cancellationToken) =>
        Start(statement, null, inline: true, cancellationToken).Void;

    internal ValueTask<RowSet> FetchAsync(Statement statement, byte[] pagingState, CancellationToken cancellationToken) =>
        Start(statement, pagingState, Options.InlineContinuations, cancellationToken).Rows;

    /// <summary>In microseconds since 1970, each greater than the one before.</summary>
    internal long NextTimestamp() => _timestamps.Next();

    /// <summary>The failure of every host of the local data centre.</summary>
    internal NoHostAvailableException NoHost()
    {
        var errors = new Dictionary<IPEndPoint, Exception>();
        foreach (var host in Topology.Local)
        {
            host.Pool!.Wake();
            errors[host.Address] = host.Pool.LastError ?? new ConnectionException(host.Address, "too many requests wait");
        }

        return Topology.Local.Length > 0
            ? new NoHostAvailableException(errors)
            : new NoHostAvailableException(errors, $"no host is in the data centre {Topology.LocalDatacenter}");
    }

    private Operation Start(Statement statement, byte[]? pagingState, bool inline, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(cluster.IsDisposed, cluster);
        var operation = _operations.Rent(this);
        operation.Start(statement, pagingState, inline, cancellationToken);
        return operation;
    }
}
