using System.Collections.Concurrent;

namespace OtpActors.Cql.Metadata;

/// <summary>The hosts that keep the same partitions.</summary>
/// <param name="Id">Different for different sets of one <see cref="TokenMap"/>.</param>
/// <param name="All">Every replica, in an order that all partitions of the set share.</param>
/// <param name="Local">Those of the local data centre.</param>
internal sealed record ReplicaSet(int Id, Host[] All, Host[] Local);

/// <summary>A part of the ring, <c>(After, UpTo]</c>, whose partitions one set of hosts keeps. It does not wrap around.</summary>
internal readonly record struct TokenRange(long After, long UpTo, ReplicaSet Replicas);

/// <summary>The ring of one keyspace.</summary>
internal readonly struct KeyspaceReplicas(long[] tokens, ReplicaSet[] sets)
{
    /// <summary>Null where the keyspace or its rule is not known.</summary>
    public ReplicaSet? Find(long token)
    {
        if (sets.Length == 0)
        {
            return null;
        }

        var index = Array.BinarySearch(tokens, token);
        return sets[(index < 0 ? ~index : index) % sets.Length];
    }
}

/// <summary>
/// The ring and who keeps what, for every keyspace; immutable but for what it has worked out already. A look-up is a
/// binary search. For any number of threads.
/// </summary>
internal sealed class TokenMap
{
    private readonly long[] _tokens;
    private readonly Host[] _owners;
    private readonly IReadOnlyDictionary<string, ReplicationStrategy> _keyspaces;
    private readonly string? _localDatacenter;
    private readonly ConcurrentDictionary<string, ReplicaSet[]> _byStrategy = new();
    private readonly ConcurrentDictionary<string, ReplicaSet[]> _byKeyspace = new();

    public TokenMap(
        IEnumerable<Host> hosts, IReadOnlyDictionary<string, ReplicationStrategy> keyspaces, string? localDatacenter)
    {
        var ring = hosts.SelectMany(host => host.Tokens.Select(token => (token, host))).OrderBy(place => place.token).ToList();
        _tokens = [.. ring.Select(place => place.token)];
        _owners = [.. ring.Select(place => place.host)];
        (_keyspaces, _localDatacenter) = (keyspaces, localDatacenter);
    }

    /// <summary>Null where the keyspace or its rule is not known.</summary>
    public ReplicaSet? Find(string keyspace, long token) => Of(keyspace).Find(token);

    /// <summary>Who keeps what of one keyspace, for many look-ups.</summary>
    public KeyspaceReplicas Of(string keyspace) => new(_tokens, Sets(keyspace));

    public ReplicationStrategy? Strategy(string keyspace) => _keyspaces.GetValueOrDefault(keyspace);

    /// <summary>The whole ring in ranges, neighbours of one set joined; empty where the keyspace's rule is not known.</summary>
    public List<TokenRange> Ranges(string keyspace)
    {
        var sets = Sets(keyspace);
        var ranges = new List<TokenRange>();
        if (sets.Length == 0)
        {
            return ranges;
        }

        var after = long.MinValue;
        for (var i = 0; i <= sets.Length; i++)
        {
            // What lies beyond the last token belongs to the first.
            var (upTo, set) = i < sets.Length ? (_tokens[i], sets[i]) : (long.MaxValue, sets[0]);
            if (ranges.Count > 0 && ranges[^1].Replicas.Id == set.Id)
            {
                ranges[^1] = ranges[^1] with { UpTo = upTo };
            }
            else if (upTo > after)
            {
                ranges.Add(new TokenRange(after, upTo, set));
            }

            after = upTo;
        }

        return ranges;
    }

    private ReplicaSet[] Sets(string keyspace) => _byKeyspace.GetOrAdd(keyspace, static (name, self) =>
        self._keyspaces.TryGetValue(name, out var strategy)
            ? self._byStrategy.GetOrAdd(strategy.Key, (_, map) => map.Compute(strategy), self)
            : [], this);

    private ReplicaSet[] Compute(ReplicationStrategy strategy)
    {
        var known = new Dictionary<string, ReplicaSet>();
        var sets = new ReplicaSet[_tokens.Length];
        for (var i = 0; i < sets.Length; i++)
        {
            var replicas = strategy.Replicas(_owners, i).ToArray();
            var key = string.Join(' ', replicas.Select(host => host.HostId).Order());
            if (!known.TryGetValue(key, out var set))
            {
                var local = Array.FindAll(replicas, host => _localDatacenter is null || host.Datacenter == _localDatacenter);
                known[key] = set = new ReplicaSet(known.Count, replicas, local);
            }

            sets[i] = set;
        }

        return sets;
    }
}
