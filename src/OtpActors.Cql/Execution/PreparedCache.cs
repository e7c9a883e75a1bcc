using System.Collections.Concurrent;
using OtpActors.Cql.Connections;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql;

/// <summary>The statements that were prepared. A host that does not know one is told when it says so.</summary>
internal sealed class PreparedCache(Cluster cluster)
{
    private readonly ConcurrentDictionary<string, PreparedStatement> _byQuery = new();

    public async Task<PreparedStatement> GetAsync(string query, CancellationToken cancellationToken)
    {
        if (_byQuery.TryGetValue(query, out var known))
        {
            return known;
        }

        var errors = new Dictionary<System.Net.IPEndPoint, Exception>();
        foreach (var host in cluster.Topology.Local)
        {
            if (host.Pool?.Current is not { } connection)
            {
                errors[host.Address] = host.Pool?.LastError ?? new ConnectionException(host.Address, "not connected");
                host.Pool?.Wake();
                continue;
            }

            try
            {
                var result = await PrepareAsync(connection, query).WaitAsync(cancellationToken).ConfigureAwait(false);
                var keys = result.KeyIndices ?? await KeysAsync(result).ConfigureAwait(false);
                if (Array.Exists(keys, index => result.Variables.Columns[index].Name.StartsWith("in(", StringComparison.Ordinal)))
                {
                    keys = []; // several keys in one variable
                }

                return _byQuery.GetOrAdd(query, new PreparedStatement(query, result, keys, connection.Version));
            }
            catch (Exception exception) when (exception is ConnectionException or OperationTimedOutException
                or ServerErrorException or OverloadedException or IsBootstrappingException)
            {
                errors[host.Address] = exception;
            }
        }

        throw new NoHostAvailableException(errors);
    }

    public async Task<PreparedResult> PrepareAsync(Connection connection, string query)
    {
        var response = await connection.RequestAsync(
            PrepareRequest.Opcode, cluster.Options.QueryTimeout, writer => PrepareRequest.Write(writer, query)).ConfigureAwait(false);
        var reader = response.Read();
        return response.Opcode == Opcode.Result && reader.ReadInt() == (int)ResultKind.Prepared
            ? PreparedResult.Read(ref reader, response.Header.Version)
            : throw new ProtocolException($"{response.Opcode} in answer to PREPARE");
    }

    /// <summary>v3 does not tell which variables make the partition key: the table's definition does.</summary>
    private async Task<int[]> KeysAsync(PreparedResult result)
    {
        if (result.Variables.Columns is not [var first, ..])
        {
            return [];
        }

        var key = await cluster.Control.Tables.PartitionKeyAsync(first.Keyspace, first.Table).ConfigureAwait(false);
        var indices = key.Select(result.Variables.IndexOf).ToArray();
        return Array.Exists(indices, index => index < 0) ? [] : indices;
    }
}
