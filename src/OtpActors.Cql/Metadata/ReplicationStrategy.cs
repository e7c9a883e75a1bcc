using System.Globalization;

namespace OtpActors.Cql.Metadata;

/// <summary>Which hosts keep a partition: the rule of a keyspace. Two with the same <see cref="Key"/> give the same.</summary>
internal abstract class ReplicationStrategy
{
    public abstract string Key { get; }

    /// <summary>The replicas of the ring's range that ends at this place, the first one first.</summary>
    public abstract List<Host> Replicas(IReadOnlyList<Host> ring, int start);

    /// <summary>Replicas of a partition in all.</summary>
    public abstract int Total { get; }

    /// <summary>Null for a strategy that is not known: every host is as good as another.</summary>
    public static ReplicationStrategy? Of(string className, IReadOnlyDictionary<string, string> options)
    {
        var name = className[(className.LastIndexOf('.') + 1)..];
        if (name == "SimpleStrategy")
        {
            return options.TryGetValue("replication_factor", out var factor) && Factor(factor) is { } count ? new Simple(count) : null;
        }

        if (name != "NetworkTopologyStrategy")
        {
            return name == "LocalStrategy" ? new Simple(1) : null;
        }

        var factors = options.Where(option => option.Key != "class").Select(option => (option.Key, Factor: Factor(option.Value)))
            .Where(option => option.Factor is not null).ToDictionary(option => option.Key, option => option.Factor!.Value);
        return new NetworkTopology(factors);
    }

    /// <summary>"3", or "3/1" with transient replicas, of which the full ones come first.</summary>
    private static int? Factor(string text) => int.TryParse(
        text.AsSpan(0, text.IndexOf('/') is var slash and >= 0 ? slash : text.Length),
        NumberStyles.None, CultureInfo.InvariantCulture, out var factor) ? factor : null;

    private sealed class Simple(int factor) : ReplicationStrategy
    {
        public override string Key => $"simple {factor}";

        public override int Total => factor;

        public override List<Host> Replicas(IReadOnlyList<Host> ring, int start)
        {
            var replicas = new List<Host>(factor);
            for (var i = 0; i < ring.Count && replicas.Count < factor; i++)
            {
                var host = ring[(start + i) % ring.Count];
                if (!replicas.Contains(host))
                {
                    replicas.Add(host);
                }
            }

            return replicas;
        }
    }

    /// <summary>
    /// Each data centre has its own number: along the ring the first host of each rack, then, once all racks have one,
    /// the hosts that were passed over.
    /// </summary>
    private sealed class NetworkTopology(Dictionary<string, int> factors) : ReplicationStrategy
    {
        public override string Key { get; } =
            $"network {string.Join(' ', factors.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"))}";

        public override int Total => factors.Values.Sum();

        public override List<Host> Replicas(IReadOnlyList<Host> ring, int start)
        {
            var centres = new Dictionary<string, Centre>();
            foreach (var hosts in ring.Distinct().GroupBy(host => host.Datacenter))
            {
                if (factors.TryGetValue(hosts.Key, out var factor))
                {
                    centres[hosts.Key] = new Centre(Math.Min(factor, hosts.Count()), hosts.Select(host => host.Rack).Distinct().Count());
                }
            }

            var replicas = new List<Host>(Total);
            var open = centres.Values.Count(centre => centre.Wanted > 0);
            for (var i = 0; i < ring.Count && open > 0; i++)
            {
                var host = ring[(start + i) % ring.Count];
                if (!centres.TryGetValue(host.Datacenter, out var centre) || centre.Wanted == 0 || !centre.Seen.Add(host))
                {
                    continue;
                }

                if (centre.Racks.Count < centre.RackCount && !centre.Racks.Add(host.Rack))
                {
                    centre.Skipped.Enqueue(host);
                    continue;
                }

                Take(centre, host, replicas);
                while (centre.Racks.Count == centre.RackCount && centre.Wanted > 0 && centre.Skipped.TryDequeue(out var skipped))
                {
                    Take(centre, skipped, replicas);
                }

                open -= centre.Wanted == 0 ? 1 : 0;
            }

            return replicas;
        }

        private static void Take(Centre centre, Host host, List<Host> replicas)
        {
            replicas.Add(host);
            centre.Wanted--;
        }

        private sealed class Centre(int wanted, int rackCount)
        {
            public int Wanted { get; set; } = wanted;

            public int RackCount { get; } = rackCount;

            public HashSet<string> Racks { get; } = [];

            public HashSet<Host> Seen { get; } = [];

            public Queue<Host> Skipped { get; } = new();
        }
    }
}
