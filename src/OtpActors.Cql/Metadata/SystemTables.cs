using System.Globalization;
using System.Net;
using System.Text.Json;
using OtpActors.Cql.Connections;
using OtpActors.Cql.Protocol;
using OtpActors.Cql.Protocol.Requests;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql.Metadata;

/// <summary>A row of system.local or system.peers.</summary>
internal sealed record NodeInfo(
    Guid HostId, IPEndPoint Address, string Datacenter, string Rack, List<long> Tokens);

/// <summary>
/// Reads the system tables over one connection. Which tables there are is found out by asking, not from the server's
/// version.
/// </summary>
internal sealed class SystemTables(Connection connection, TimeSpan timeout)
{
    /// <summary>The node of the connection first; nodes without id or tokens (they are joining) are left out.</summary>
    public async Task<List<NodeInfo>> NodesAsync()
    {
        var nodes = new List<NodeInfo>();
        using (var local = await QueryAsync("SELECT * FROM system.local").ConfigureAwait(false))
        {
            foreach (var row in local.Page)
            {
                if (Node(row, local, connection.EndPoint) is { } node)
                {
                    nodes.Add(node);
                }
            }
        }

        using var peers = await EitherAsync("SELECT * FROM system.peers_v2", "SELECT * FROM system.peers").ConfigureAwait(false);
        foreach (var row in peers.Page)
        {
            if (PeerAddress(row, peers) is { } address && Node(row, peers, address) is { } node)
            {
                nodes.Add(node);
            }
        }

        return nodes;
    }

    public async Task<Dictionary<string, ReplicationStrategy>> KeyspacesAsync()
    {
        var keyspaces = new Dictionary<string, ReplicationStrategy>();
        using var rows = await EitherAsync(
            "SELECT keyspace_name, replication FROM system_schema.keyspaces",
            "SELECT keyspace_name, strategy_class, strategy_options FROM system.schema_keyspaces").ConfigureAwait(false);
        var isOld = Has(rows, "strategy_class");
        foreach (var row in rows.Page)
        {
            var options = isOld
                ? JsonSerializer.Deserialize<Dictionary<string, string>>(row.GetValue<string>("strategy_options")) ?? []
                : row.GetValue<Dictionary<string, string>>("replication");
            var name = isOld ? row.GetValue<string>("strategy_class") : options.GetValueOrDefault("class", "");
            if (ReplicationStrategy.Of(name, options) is { } strategy)
            {
                keyspaces[row.GetValue<string>("keyspace_name")] = strategy;
            }
        }

        return keyspaces;
    }

    /// <summary>The columns of a table's partition key, in its order.</summary>
    public async Task<List<string>> PartitionKeyAsync(string keyspace, string table)
    {
        using var rows = await EitherAsync(
            "SELECT column_name, kind, position FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?",
            "SELECT column_name, type, component_index FROM system.schema_columns WHERE keyspace_name = ? AND columnfamily_name = ?",
            keyspace, table).ConfigureAwait(false);
        var key = new List<(int Position, string Name)>();
        foreach (var row in rows.Page)
        {
            // A key of one column has no index in 2.1.
            if (row.GetValue<string?>(1) == "partition_key")
            {
                key.Add((row.GetValue<int?>(2) ?? 0, row.GetValue<string>(0)));
            }
        }

        return [.. key.Order().Select(column => column.Name)];
    }

    /// <summary>The schema's version on the node of the connection, and what that node knows of the others'.</summary>
    public async Task<(Guid Self, Guid? Version, Dictionary<Guid, Guid?> Peers)> SchemaVersionsAsync()
    {
        using var local = await QueryAsync("SELECT host_id, schema_version FROM system.local").ConfigureAwait(false);
        (Guid? Host, Guid? Version) own = default;
        foreach (var row in local.Page)
        {
            own = (row.GetValue<Guid?>("host_id"), row.GetValue<Guid?>("schema_version"));
        }

        using var others = await EitherAsync(
            "SELECT host_id, schema_version FROM system.peers_v2", "SELECT host_id, schema_version FROM system.peers").ConfigureAwait(false);
        var peers = new Dictionary<Guid, Guid?>();
        foreach (var row in others.Page)
        {
            if (row.GetValue<Guid?>("host_id") is { } id)
            {
                peers[id] = row.GetValue<Guid?>("schema_version");
            }
        }

        return (own.Host ?? Guid.Empty, own.Version, peers);
    }

    public async Task<RowSet> QueryAsync(string query, params object?[] values)
    {
        var response = await connection.RequestAsync(QueryRequest.Opcode, timeout, writer =>
        {
            using var encoded = new FrameWriter();
            foreach (var value in values)
            {
                encoded.WriteBytes(System.Text.Encoding.UTF8.GetBytes((string)value!));
            }

            QueryRequest.Write(writer, query, new QueryParameters(ConsistencyLevel.One), values.Length, encoded.Written);
        }).ConfigureAwait(false);
        return Rows(response);
    }

    private async Task<RowSet> EitherAsync(string newer, string older, params object?[] values)
    {
        try
        {
            return await QueryAsync(newer, values).ConfigureAwait(false);
        }
        catch (InvalidQueryException)
        {
            return await QueryAsync(older, values).ConfigureAwait(false);
        }
    }

    private static RowSet Rows(Response response)
    {
        var reader = response.Read();
        if (response.Opcode != Opcode.Result || reader.ReadInt() != (int)ResultKind.Rows)
        {
            throw new ProtocolException($"{response.Opcode} where rows were asked for");
        }

        KnownMetadata? known = null;
        return RowSet.Read(ref reader, response.Body, ref known);
    }

    private static NodeInfo? Node(Row row, RowSet rows, IPEndPoint address)
    {
        if (Value<Guid?>(row, rows, "host_id") is not { } id || Value<HashSet<string>?>(row, rows, "tokens") is not { Count: > 0 } tokens)
        {
            return null;
        }

        // Other partitioners' tokens are no numbers; then there is no routing by token.
        var numbers = tokens.Select(token => long.TryParse(token, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number : (long?)null).OfType<long>().ToList();
        return new NodeInfo(
            id, address, Value<string?>(row, rows, "data_center") ?? "", Value<string?>(row, rows, "rack") ?? "",
            numbers);
    }

    /// <summary>A node that listens on every address tells 0.0.0.0: then its peer address serves.</summary>
    private IPEndPoint? PeerAddress(Row row, RowSet rows)
    {
        var address = Value<IPAddress?>(row, rows, "native_address") ?? Value<IPAddress?>(row, rows, "rpc_address");
        if (address is null)
        {
            return null;
        }

        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            address = row.GetValue<IPAddress>("peer");
        }

        return new IPEndPoint(address, Value<int?>(row, rows, "native_port") ?? connection.EndPoint.Port);
    }

    private static T Value<T>(Row row, RowSet rows, string column) => Has(rows, column) ? row.GetValue<T>(column) : default!;

    private static bool Has(RowSet rows, string column) => rows.Columns.Any(each => each.Name == column);
}
