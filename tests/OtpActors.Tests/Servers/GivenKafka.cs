using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OtpActors.Infrastructure.Topics.Kafka;

namespace OtpActors.Tests.Servers;

/// <summary>
/// Brokers that somebody names, of whatever version: asked for it, they say what they can do, or hang up, as all before
/// 0.10 do.
/// </summary>
internal static class GivenKafka
{
    private const short ApiVersions = 18;
    private const short CreateTopics = 19;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <param name="servers"><c>host:port</c>, or several of them with commas between.</param>
    /// <param name="zooKeeper">Where brokers that make no topics themselves have theirs; null if that is not known.</param>
    /// <returns>The brokers, or why they cannot be used.</returns>
    public static async Task<(KafkaUnderTest? Kafka, string? WhyNot)> LookAtAsync(string servers, string? zooKeeper)
    {
        HashSet<short>? requests;
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            requests = await AskAsync(servers.Split(',')[0], limit.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or IOException)
        {
            return (null, $"{servers} does not answer ({e.Message})");
        }

        var options = new KafkaOptions { BootstrapServers = servers };
        if (requests is null)
        {
            options.Properties = KafkaServers.PropertiesOf(KafkaCluster.Properties);
        }

        if (requests?.Contains(CreateTopics) == true)
        {
            return (new KafkaUnderTest(options, null, null), null);
        }

        return zooKeeper is null
            ? (null, $"{servers} is too old to be asked for topics; {KafkaServers.GivenZooKeeper}=host:port says where they can be made")
            : (new KafkaUnderTest(options, null, (topic, partitions, replicas, cancellationToken) =>
                CreateAsync(Address(zooKeeper), topic, partitions, replicas, cancellationToken)), null);
    }

    /// <summary>The kinds of requests that a broker knows; null if it does not know even this one.</summary>
    private static async Task<HashSet<short>?> AskAsync(string server, CancellationToken cancellationToken)
    {
        using var tcp = new TcpClient();
        var address = Address(server);
        await tcp.ConnectAsync(address.Host, address.Port, cancellationToken);
        var stream = tcp.GetStream();
        byte[] request = [0, 0, 0, 10, 0, (byte)ApiVersions, 0, 0, 0, 0, 0, 1, 0xff, 0xff]; // version 0, correlation 1, no client id
        await stream.WriteAsync(request, cancellationToken);
        var head = new byte[14]; // length, correlation, error, count
        var read = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        if (read < head.Length)
        {
            return null;
        }

        var entries = new byte[6 * BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(10))]; // request, least and greatest version
        await stream.ReadExactlyAsync(entries, cancellationToken);
        return [.. entries.Chunk(6).Select(entry => BinaryPrimitives.ReadInt16BigEndian(entry))];
    }

    private static async Task<bool> CreateAsync(
        DnsEndPoint zooKeeper, string topic, int partitions, short replicas, CancellationToken cancellationToken)
    {
        var address = (await Dns.GetHostAddressesAsync(zooKeeper.Host, cancellationToken))[0];
        using var client = await ZooKeeperClient.ConnectAsync(new IPEndPoint(address, zooKeeper.Port), cancellationToken);
        var brokers = (await client.ChildrenAsync("/brokers/ids", cancellationToken))
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture)).Order().ToList();
        var created = await client.CreateTopicAsync(topic, partitions, Math.Min(replicas, brokers.Count), brokers, cancellationToken);
        await client.WaitForLeadersAsync(topic, partitions, cancellationToken);
        return created;
    }

    private static DnsEndPoint Address(string server)
    {
        var colon = server.LastIndexOf(':');
        return new DnsEndPoint(server[..colon], int.Parse(server.AsSpan(colon + 1), CultureInfo.InvariantCulture), AddressFamily.InterNetwork);
    }
}
