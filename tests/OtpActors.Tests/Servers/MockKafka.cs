using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace OtpActors.Tests.Servers;

/// <summary>
/// The client library's own brokers, in this process and on the loopback address, with faults to order. It keeps at most
/// 5 MiB a partition and cannot create topics over the wire.
/// </summary>
internal sealed partial class MockKafka : IDisposable
{
    private const string Native = "librdkafka";

    /// <summary>As Confluent.Kafka chooses among what its package carries.</summary>
    private static readonly string[] Names = ["librdkafka", "centos8-librdkafka", "alpine-librdkafka"];

    private readonly nint _client;
    private readonly nint _cluster;

    static MockKafka()
    {
        Library.Load(); // first the client's choice, then the same file here
        NativeLibrary.SetDllImportResolver(typeof(MockKafka).Assembly, (name, _, _) => name == Native
            ? Names.Select(each => NativeLibrary.TryLoad(each, typeof(Library).Assembly, null, out var handle) ? handle : 0)
                .First(handle => handle != 0)
            : 0);
    }

    public MockKafka(int brokers)
    {
        var reason = new byte[512];
        var conf = NewConf();
        SetConf(conf, "log_level", "0", reason, (nuint)reason.Length); // it would miss its own address, which it is to give
        _client = New(0, conf, reason, (nuint)reason.Length);
        if (_client == 0)
        {
            throw new InvalidOperationException(Encoding.UTF8.GetString(reason));
        }

        _cluster = NewCluster(_client, brokers);
        BootstrapServers = Marshal.PtrToStringUTF8(Bootstraps(_cluster))!;
        InitialRebalanceDelay(_cluster, 0);
    }

    public string BootstrapServers { get; }

    public void CreateTopic(string topic, int partitions) => Check(CreateTopic(_cluster, topic, partitions, 1));

    /// <summary>The next requests of this kind are answered with these errors; <see cref="ErrorCode.Local_Transport"/> cuts the connection.</summary>
    public void Fail(MockRequest request, params ErrorCode[] errors) =>
        PushErrors(_cluster, (short)request, (nuint)errors.Length, [.. errors.Select(error => (int)error)]);

    public void Forgive(MockRequest request) => ClearErrors(_cluster, (short)request);

    /// <summary>-1: all brokers.</summary>
    public void SetDown(int broker) => Check(BrokerDown(_cluster, broker));

    public void SetUp(int broker) => Check(BrokerUp(_cluster, broker));

    public void SetRoundTrip(int broker, TimeSpan time) => Check(BrokerRtt(_cluster, broker, (int)time.TotalMilliseconds));

    public void SetCoordinator(string group, int broker) => Check(Coordinator(_cluster, "group", group, broker));

    public void SetLeader(string topic, int partition, int broker) => Check(Leader(_cluster, topic, partition, broker));

    public void DeleteTopic(string topic) => Check(DeleteTopic(_cluster, topic));

    /// <summary>As retention does.</summary>
    public void DeleteRecords(string topic, int partition, long before) => Check(Delete(_cluster, topic, partition, before));

    /// <summary>From now on requests are noted.</summary>
    public void Track() => StartTracking(_cluster);

    /// <summary>The kinds of requests since then, in order.</summary>
    public IReadOnlyList<MockRequest> Requests()
    {
        var requests = GetRequests(_cluster, out var count);
        try
        {
            return [.. Enumerable.Range(0, (int)count).Select(i => (MockRequest)KeyOf(Marshal.ReadIntPtr(requests, i * nint.Size)))];
        }
        finally
        {
            DestroyRequests(requests, count);
        }
    }

    public void Dispose()
    {
        DestroyCluster(_cluster);
        Destroy(_client);
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new KafkaException((ErrorCode)error);
        }
    }

    [LibraryImport(Native, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint NewConf();

    [LibraryImport(Native, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetConf(nint conf, string name, string value, byte[] reason, nuint size);

    [LibraryImport(Native, EntryPoint = "rd_kafka_new")]
    private static partial nint New(int type, nint conf, byte[] reason, nuint size);

    [LibraryImport(Native, EntryPoint = "rd_kafka_destroy")]
    private static partial void Destroy(nint client);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_cluster_new")]
    private static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    private static partial void DestroyCluster(nint cluster);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint Bootstraps(nint cluster);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_group_initial_rebalance_delay_ms")]
    private static partial void InitialRebalanceDelay(nint cluster, int milliseconds);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateTopic(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_topic_delete", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int DeleteTopic(nint cluster, string topic);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_start_request_tracking")]
    private static partial void StartTracking(nint cluster);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_get_requests")]
    private static partial nint GetRequests(nint cluster, out nuint count);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_request_api_key")]
    private static partial short KeyOf(nint request);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_request_destroy_array")]
    private static partial void DestroyRequests(nint requests, nuint count);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    private static partial void PushErrors(nint cluster, short request, nuint count, int[] errors);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_clear_request_errors")]
    private static partial void ClearErrors(nint cluster, short request);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_broker_set_down")]
    private static partial int BrokerDown(nint cluster, int broker);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_broker_set_up")]
    private static partial int BrokerUp(nint cluster, int broker);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_broker_set_rtt")]
    private static partial int BrokerRtt(nint cluster, int broker, int milliseconds);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_coordinator_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Coordinator(nint cluster, string type, string key, int broker);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_partition_set_leader", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Leader(nint cluster, string topic, int partition, int broker);

    [LibraryImport(Native, EntryPoint = "rd_kafka_mock_partition_delete_records", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Delete(nint cluster, string topic, int partition, long before);
}

/// <summary>Kafka's numbers of requests.</summary>
internal enum MockRequest : short
{
    Produce = 0,
    Fetch = 1,
    Metadata = 3,
    OffsetCommit = 8,
    OffsetFetch = 9,
    Heartbeat = 12,
    InitProducerId = 22,
}
