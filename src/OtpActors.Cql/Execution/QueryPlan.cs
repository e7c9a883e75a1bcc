using OtpActors.Cql.Metadata;

namespace OtpActors.Cql;

/// <summary>
/// Which host is asked next: of the partition's replicas in the local data centre the less busy of two, then the
/// others of the data centre in turn. Conditional statements ask the replicas, and changes of the schema all hosts, always
/// in the same order, so that rivals meet at one coordinator.
/// </summary>
internal static class QueryPlan
{
    [ThreadStatic]
    private static uint _turn;

    public static Host? Next(Topology topology, Statement statement, List<Host> tried)
    {
        if (statement.IsSchemaChange)
        {
            return First([.. topology.Local.OrderBy(host => host.HostId)], 0, tried);
        }

        var turn = _turn++;
        if (topology.Local.Length > 1 && statement.TryGetToken(out var keyspace, out var token)
            && topology.Tokens.Find(keyspace, token) is { } set
            && (statement.IsConditional ? First(set.Local, 0, tried) : LessBusy(set.Local, turn, tried)) is { } replica)
        {
            return replica;
        }

        return First(topology.Local, turn, tried);
    }

    private static Host? First(Host[] hosts, uint start, List<Host> tried)
    {
        for (var i = 0u; i < hosts.Length; i++)
        {
            var host = hosts[(start + i) % hosts.Length];
            if (host.IsUp && !tried.Contains(host))
            {
                return host;
            }
        }

        return null;
    }

    private static Host? LessBusy(Host[] hosts, uint start, List<Host> tried)
    {
        Host? best = null;
        var (least, seen) = (0, 0);
        for (var i = 0u; i < hosts.Length && seen < 2; i++)
        {
            var host = hosts[(start + i) % hosts.Length];
            if (host.Pool?.Current is not { } connection || tried.Contains(host))
            {
                continue;
            }

            seen++;
            if (best is null || connection.InFlight < least)
            {
                (best, least) = (host, connection.InFlight);
            }
        }

        return best;
    }
}
