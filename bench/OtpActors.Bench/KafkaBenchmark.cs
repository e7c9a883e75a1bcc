using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Streams.Kafka.Producers;
using OtpActors.Tests.Servers;

namespace OtpActors.Bench;

/// <summary>
/// The Kafka sources and flows beside bare loops over the same client, with the same settings, on the same topics and
/// brokers, in turn: the ratios are what counts.
/// </summary>
internal sealed class KafkaBenchmark : IAsyncDisposable
{
    private const int Partitions = 3;
    private const int BatchRecords = 2_000;

    private readonly ActorSystem _system = ActorSystem.Create("bench", "akka.loglevel = WARNING");
    private readonly KafkaCluster? _cluster;
    private readonly string _servers;
    private readonly IReadOnlyDictionary<string, string> _properties;
    private readonly int _records;
    private int _group;
    private long _residentAtQuarter;

    private KafkaBenchmark(string servers, KafkaCluster? cluster, int records)
    {
        (_servers, _cluster, _records) = (servers, cluster, records);
        _properties = cluster is null ? new Dictionary<string, string>() : KafkaCluster.Properties;
    }

    /// <param name="GrownMiB">Of what is resident, since a quarter of the records; 0 where that is not looked at.</param>
    /// <param name="Ratio">To the bare loop of the same kind; 1 for that itself.</param>
    public sealed record Result(string What, double Seconds, double RecordsPerSecond, double Ratio, double CpuMicrosPerRecord, double AllocatedBytesPerRecord, double ResidentMiB, double GrownMiB);

    /// <param name="servers">Brokers that create topics; null starts one as the tests do.</param>
    public static async Task<KafkaBenchmark> StartAsync(string? servers, int records)
    {
        if (servers is not null)
        {
            return new KafkaBenchmark(servers, null, records);
        }

        if (await KafkaDistribution.WhyMissingAsync() is { } why)
        {
            throw new InvalidOperationException($"No broker: {why}; --bootstrap-servers names one.");
        }

        var cluster = await KafkaCluster.StartAsync(1);
        return new KafkaBenchmark(cluster.BootstrapServers, cluster, records);
    }

    /// <summary>Each kind <paramref name="rounds"/> times in turn; the median of each.</summary>
    public async Task<IReadOnlyList<Result>> MeasureAsync(int rounds)
    {
        var full = await TopicAsync();
        await (await BareProduceAsync(full, _records))();
        var produced = new[] { await TopicAsync(), await TopicAsync() };

        (string What, Func<Task<Func<Task>>> Work)[] producing =
        [
            ("produce: bare loop", () => BareProduceAsync(produced[0], _records)),
            ("produce: flow", () => FlowProduceAsync(produced[1])),
        ];
        (string What, Func<Task<Func<Task>>> Work)[] consuming =
        [
            ("consume: bare loop", () => BareConsumeAsync(full)),
            ("consume: source, no commits", () => SourceAsync(full, commit: false)),
            ("consume: source, commits", () => SourceAsync(full, commit: true)),
            ("consume: partitioned, commits", () => PartitionedAsync(full)),
        ];
        var results = new List<Result>();
        results.AddRange(await CompareAsync(producing, rounds));
        results.AddRange(await CompareAsync(consuming, rounds));
        return results;
    }

    /// <summary>CPU of this whole process, as a share of one core, while a source waits for records that do not come.</summary>
    public async Task<double> IdleCpuAsync(TimeSpan time)
    {
        var topic = await TopicAsync();
        var (control, done) = KafkaConsumer.CommittableBatchSource(ConsumerSettings(), topic)
            .ToMaterialized(Sink.Ignore<KafkaBatch<byte[], byte[]>>(), Keep.Both).Run(_system.Materializer());
        await control.Assigned;
        await Task.Delay(TimeSpan.FromSeconds(2));
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        await Task.Delay(time);
        var used = Process.GetCurrentProcess().TotalProcessorTime - before;
        await control.DrainAndShutdown(done);
        return used / time;
    }

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    private async Task<List<Result>> CompareAsync((string What, Func<Task<Func<Task>>> Work)[] kinds, int rounds)
    {
        var runs = kinds.Select(_ => new List<Result>()).ToArray();
        for (var round = 0; round <= rounds; round++)
        {
            for (var kind = 0; kind < kinds.Length; kind++)
            {
                var one = await MeasureAsync(kinds[kind].What, kinds[kind].Work);
                if (round > 0) // the first warms up
                {
                    runs[kind].Add(one);
                }
            }
        }

        var medians = runs.Select(each => each.OrderBy(one => one.Seconds).ElementAt(each.Count / 2)).ToList();
        return [.. medians.Select(one => one with { Ratio = medians[0].Seconds / one.Seconds })];
    }

    /// <param name="work">Ends when the last record has been moved; what it returns cleans up, unmeasured.</param>
    private async Task<Result> MeasureAsync(string what, Func<Task<Func<Task>>> work)
    {
        GC.Collect();
        _residentAtQuarter = 0;
        using var process = Process.GetCurrentProcess();
        var (cpu, bytes) = (process.TotalProcessorTime, GC.GetTotalAllocatedBytes(true));
        var clock = Stopwatch.StartNew();
        var cleanUp = await work();
        var seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{what}: {seconds:F2} s"));
        var result = new Result(
            what, seconds, _records / seconds, 1, (process.TotalProcessorTime - cpu).TotalMicroseconds / _records,
            (double)(GC.GetTotalAllocatedBytes(true) - bytes) / _records, process.WorkingSet64 / 1048576.0,
            _residentAtQuarter == 0 ? 0 : (process.WorkingSet64 - _residentAtQuarter) / 1048576.0);
        await cleanUp();
        return result;
    }

    private async Task<Func<Task>> BareProduceAsync(string topic, int records)
    {
        var producer = KafkaProducer.Create(ProducerSettings());
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // disposing waits for the thread that answers
        var open = records;
        void Answered(DeliveryReport<byte[], byte[]> report)
        {
            if (report.Error.IsError)
            {
                done.TrySetException(new KafkaException(report.Error));
            }
            else if (Interlocked.Decrement(ref open) == 0)
            {
                done.TrySetResult();
            }
        }

        await Task.Run(async () =>
        {
            for (var i = 0; i < records;)
            {
                try
                {
                    producer.Produce(topic, MessageOf(i), Answered);
                    i++;
                }
                catch (ProduceException<byte[], byte[]> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
                {
                    await Task.Delay(5);
                }
            }
        });
        await done.Task;
        return () => Task.Run(producer.Dispose);
    }

    private async Task<Func<Task>> FlowProduceAsync(string topic)
    {
        var to = new TopicPartition(topic, Partition.Any);
        await Source.From(Enumerable.Range(0, _records / BatchRecords))
            .Select(batch => new MultiMessage<byte[], byte[], int>(
                [.. Enumerable.Range(batch * BatchRecords, BatchRecords).Select(i => (to, MessageOf(i, KafkaProducer.NoHeaders)))], batch))
            .Via(KafkaProducer.FlexiFlow<byte[], byte[], int>(ProducerSettings() with { Parallelism = 8 }))
            .RunWith(Sink.Ignore<MultiResult<int>>(), _system.Materializer());
        return () => Task.CompletedTask;
    }

    private Task<Func<Task>> BareConsumeAsync(string topic) => Task.Run<Func<Task>>(() =>
    {
        var settings = ConsumerSettings();
        var consumer = new ConsumerBuilder<byte[], byte[]>(new Dictionary<string, string>(settings.Properties)
        {
            ["enable.auto.commit"] = "false",
        }).SetLogHandler((_, _) => { }).Build();
        consumer.Subscribe(topic);
        for (var read = 0; read < _records;)
        {
            read += consumer.Consume(TimeSpan.FromSeconds(1)) is null ? 0 : 1;
        }

        return () => Task.Run(() =>
        {
            consumer.Close();
            consumer.Dispose();
        });
    });

    private async Task<Func<Task>> SourceAsync(string topic, bool commit)
    {
        var read = 0;
        var last = new Dictionary<TopicPartition, Task>();
        var (control, done) = KafkaConsumer.CommittableBatchSource(ConsumerSettings(), topic)
            .Select(batch =>
            {
                if (commit)
                {
                    last[batch.TopicPartition] = batch.CommitAsync();
                }

                return Count(batch, ref read);
            })
            .TakeWhile(count => count < _records)
            .ToMaterialized(Sink.Ignore<int>(), Keep.Both).Run(_system.Materializer());
        await done;
        return async () =>
        {
            await Task.WhenAll(last.Values); // up to a commit interval after the last record
            await StopAsync(control);
        };
    }

    private async Task<Func<Task>> PartitionedAsync(string topic)
    {
        var read = 0;
        var (control, done) = KafkaConsumer.CommittablePartitionedSource(ConsumerSettings(), topic)
            .MergeMany(Partitions * 2, partition => partition.Batches.Select(batch =>
            {
                _ = batch.CommitAsync();
                return Count(batch, ref read);
            }).MapMaterializedValue(_ => default(IControl)!))
            .TakeWhile(count => count < _records)
            .ToMaterialized(Sink.Ignore<int>(), Keep.Both).Run(_system.Materializer());
        await done;
        return () => StopAsync(control);
    }

    /// <summary>Notes what is resident when a quarter of the backlog is done: later growth would be a leak.</summary>
    private int Count(KafkaBatch<byte[], byte[]> batch, ref int read)
    {
        var before = read;
        read += batch.Records.Count;
        if (before < _records / 4 && read >= _records / 4)
        {
            _residentAtQuarter = Environment.WorkingSet;
        }

        return read;
    }

    private static async Task StopAsync(IControl control)
    {
        await control.Stop();
        await Console.Error.WriteLineAsync($"  {control.Statistics with { ClientJson = null }}");
    }

    private ConsumerSettings<byte[], byte[]> ConsumerSettings() =>
        ConsumerSettings<byte[], byte[]>.Create(_system, Deserializers.ByteArray, Deserializers.ByteArray)
            .WithBootstrapServers(_servers)
            .WithGroupId(string.Create(CultureInfo.InvariantCulture, $"bench-{Environment.ProcessId}-{++_group}"))
            .WithProperty("session.timeout.ms", "10000")
            .WithProperties(_properties);

    private ProducerSettings<byte[], byte[]> ProducerSettings()
    {
        var settings = ProducerSettings<byte[], byte[]>.Create(_system, Serializers.ByteArray, Serializers.ByteArray)
            .WithBootstrapServers(_servers).WithProperties(_properties);
        return _cluster is null ? settings : settings.WithoutIdempotence();
    }

    /// <summary>136 bytes: a key of 24, a value of 8, and the message around them.</summary>
    private static Message<byte[], byte[]> MessageOf(int i, Headers? headers = null)
    {
        var key = "user-0000000@example.com"u8.ToArray();
        Utf8Formatter.TryFormat(i, key.AsSpan(5, 7), out _, new StandardFormat('D', 7));
        return new Message<byte[], byte[]> { Key = key, Value = "12345678"u8.ToArray(), Headers = headers };
    }

    private async Task<string> TopicAsync()
    {
        var topic = $"bench-{Guid.NewGuid():N}";
        using var admin = new KafkaAdmin(
            new Dictionary<string, string>(_properties) { ["bootstrap.servers"] = _servers }, TimeSpan.FromSeconds(10),
            TimeProvider.System, create: _cluster is { } cluster ? cluster.CreateTopicAsync : null);
        await admin.EnsureTopicAsync(topic, Partitions, 1, CancellationToken.None);
        return topic;
    }
}
