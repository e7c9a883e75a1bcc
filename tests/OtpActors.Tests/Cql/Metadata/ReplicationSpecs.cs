using System.Net;
using OtpActors.Cql;
using OtpActors.Cql.Metadata;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Cql.Metadata;

/// <summary>
/// Who keeps what, on rings made by hand. The expected replicas follow Cassandra's own
/// <c>NetworkTopologyStrategy.calculateNaturalEndpoints</c>, step by step on paper.
/// </summary>
public sealed class ReplicationSpecs
{
    /// <summary>Two data centres: "one" with the racks r1 (a, b) and r2 (c), "two" with a single rack (d, e).</summary>
    private static readonly Host[] Ring =
    [
        Node("a", "one", "r1", 0), Node("d", "two", "r1", 10), Node("b", "one", "r1", 20), Node("c", "one", "r2", 30), Node("e", "two", "r1", 40),
    ];

    [Theory]
    [InlineData(0, "a d c")] // b is of a's rack: c comes first
    [InlineData(1, "d b c")]
    [InlineData(11, "b c e")]
    [InlineData(21, "c e a")]
    [InlineData(31, "e a c")]
    [InlineData(41, "a d c")] // beyond the last token it begins anew
    public void Racks_come_before_neighbours(long token, string replicas) =>
        Replicas(Ring, token, ("one", "2"), ("two", "1")).ShouldBe(replicas);

    [Theory]
    [InlineData(0, "a c b")] // b was passed over and follows once both racks have one
    [InlineData(11, "b c a")]
    [InlineData(21, "c a b")]
    [InlineData(31, "a c b")]
    public void Hosts_that_were_passed_over_follow_when_every_rack_has_one(long token, string replicas) =>
        Replicas(Ring, token, ("one", "3")).ShouldBe(replicas);

    [Theory]
    [InlineData(0, "a d c b e")]
    [InlineData(21, "c e a d b")]
    public void More_replicas_than_hosts_are_all_hosts(long token, string replicas) =>
        Replicas(Ring, token, ("one", "5"), ("two", "3")).ShouldBe(replicas);

    [Fact]
    public void A_data_centre_without_a_number_or_with_none_keeps_nothing()
    {
        Replicas(Ring, 0, ("two", "2"), ("three", "3")).ShouldBe("d e");
        Replicas(Ring, 0, ("one", "0"), ("two", "1")).ShouldBe("d");
    }

    [Fact]
    public void Several_tokens_of_a_host_count_once()
    {
        Host[] ring = [Node("a", "one", "r1", 0, 10, 20), Node("b", "one", "r1", 15, 40), Node("c", "one", "r2", 30)];

        Replicas(ring, 0, ("one", "2")).ShouldBe("a c");
        Replicas(ring, 12, ("one", "2")).ShouldBe("b c");
        Replicas(ring, 0, ("one", "3")).ShouldBe("a c b");
        Replicas(ring, 16, ("one", "3")).ShouldBe("a c b");
    }

    [Fact]
    public void Three_racks_of_two_are_taken_in_the_order_of_the_ring()
    {
        Host[] ring =
        [
            Node("a", "one", "r1", 0), Node("b", "one", "r1", 10), Node("c", "one", "r2", 20), Node("d", "one", "r2", 30),
            Node("e", "one", "r3", 40), Node("f", "one", "r3", 50),
        ];

        Replicas(ring, 0, ("one", "3")).ShouldBe("a c e");
        Replicas(ring, 5, ("one", "3")).ShouldBe("b c e");
        Replicas(ring, 15, ("one", "4")).ShouldBe("c e a d");
        Replicas(ring, 25, ("one", "5")).ShouldBe("d e a f b");
    }

    [Theory]
    [InlineData("3")]
    [InlineData("3/1")] // one of them transient
    public void The_simple_strategy_knows_neither_racks_nor_data_centres(string factor) => Names(Map(
        Ring, ReplicationStrategy.Of("org.apache.cassandra.locator.SimpleStrategy", new Dictionary<string, string> { ["replication_factor"] = factor })!)
        .Find("ks", 0)!.All).ShouldBe("a d b");

    [Fact]
    public void Local_replicas_are_those_of_the_local_data_centre() =>
        Names(Map(Ring, Strategy(("one", "2"), ("two", "1"))).Find("ks", 0)!.Local).ShouldBe("a c");

    [Fact]
    public void A_keyspace_or_a_rule_that_is_not_known_has_no_replicas()
    {
        Map(Ring, Strategy(("one", "1"))).Find("other", 0).ShouldBeNull();
        ReplicationStrategy.Of("com.example.OwnStrategy", new Dictionary<string, string>()).ShouldBeNull();
    }

    [Fact]
    public void Ranges_cover_the_ring_once_and_join_where_replicas_are_the_same()
    {
        var ranges = Map(Ring, Strategy(("one", "3"))).Ranges("ks");
        ranges.ShouldHaveSingleItem(); // the same three everywhere
        (ranges[0].After, ranges[0].UpTo).ShouldBe((long.MinValue, long.MaxValue));

        ranges = Map(Ring, Strategy(("one", "1"))).Ranges("ks");
        ranges.Select(range => (range.UpTo, Names(range.Replicas.All))).ShouldBe(
            [(0L, "a"), (20L, "b"), (30L, "c"), (long.MaxValue, "a")]);
        ranges.Skip(1).Select(range => range.After).ShouldBe(ranges.SkipLast(1).Select(range => range.UpTo));
    }

    private static Host Node(string name, string datacenter, string rack, params long[] tokens) => new(
        Guid.NewGuid(), new IPEndPoint(new IPAddress([10, 0, 0, (byte)name[0]]), 9042), datacenter, rack, tokens);

    private static ReplicationStrategy Strategy(params (string Datacenter, string Factor)[] factors) => ReplicationStrategy.Of(
        "NetworkTopologyStrategy", factors.ToDictionary(each => each.Datacenter, each => each.Factor))!;

    private static TokenMap Map(Host[] ring, ReplicationStrategy strategy) =>
        new(ring, new Dictionary<string, ReplicationStrategy> { ["ks"] = strategy }, "one");

    /// <summary>In the strategy's order; the map must give the same hosts.</summary>
    private static string Replicas(Host[] ring, long token, params (string Datacenter, string Factor)[] factors)
    {
        var strategy = Strategy(factors);
        var places = ring.SelectMany(host => host.Tokens.Select(place => (Place: place, Host: host))).OrderBy(each => each.Place).ToList();
        var start = Math.Max(0, places.FindIndex(each => each.Place >= token));
        var replicas = strategy.Replicas([.. places.Select(each => each.Host)], start);

        Map(ring, strategy).Find("ks", token)!.All.ShouldBe(replicas, ignoreOrder: true);
        return Names(replicas);
    }

    private static string Names(IEnumerable<Host> hosts) => string.Join(' ', hosts.Select(host => (char)host.Address.Address.GetAddressBytes()[3]));
}
