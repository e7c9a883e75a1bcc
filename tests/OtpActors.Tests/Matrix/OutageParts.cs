using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using MongoDB.Bson;
using MongoDB.Driver;
using Npgsql;
using OtpActors.Cql;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Configuration;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Servers.Mongo;
using OtpActors.Tests.Servers.Postgres;

namespace OtpActors.Tests.Matrix;

/// <summary>The parts of the matrix: real servers behind proxies where there are any, and files.</summary>
/// <param name="cases">Those that will be asked for; some share a server, which is away for all of them at once.</param>
internal sealed class OutageParts(
    KafkaServers kafka, CassandraServers cassandra, PostgresServers postgres, OutageScale scale, IReadOnlyList<OutageCase> cases)
{
    private const string Loopback = "127.0.0.1";

    private readonly Dictionary<Outage, SharedServer<KafkaCluster>> _kafka = [];
    private readonly Dictionary<Outage, SharedServer<PostgresServer>> _postgres = [];
    private readonly Lock _lock = new();

    /// <param name="topic">The case's own topic, of one partition.</param>
    /// <param name="data">The case's own data directory.</param>
    public async Task<OutageSetup> MakeAsync(OutageCase own, string topic, DataPaths data, OutageReceivers receivers) => own.Part switch
    {
        OutageCases.Kafka => await KafkaAsync(own.Mode, topic),
        OutageCases.EmbeddedTopic => File(own.Mode, data.Under("topic.db"), service => service.Services.GetRequiredService<IOtpTopic>()
            .EnsureAsync(new TopicSpec("warm"), CancellationToken.None)),
        OutageCases.Cassandra => await CassandraAsync(own.Mode),
        OutageCases.Mongo => Mongo(own.Mode),
        OutageCases.EmbeddedStore => File(own.Mode, data.Under("mongo.db"), service => service.Services.GetServices<IOtpStore>()
            .Single(store => store.Name == StoreNames.Mongo).EnsureSchemaAsync(CancellationToken.None)),
        OutageCases.SqliteJournal => File(own.Mode, data.Under("journal.db"), service => service.GetAsync("/healthz/ready")),
        OutageCases.PostgresJournal => own.Mode == Outage.Down ? await RestartedPostgresAsync() : await FrozenPostgresAsync(),
        OutageCases.Ledger => File(own.Mode, data.Under("notifications.db"), service =>
            service.Services.GetRequiredService<NotificationLedger>().CountAsync(null, CancellationToken.None)),
        OutageCases.Mail => new OutageSetup { Fault = new ProxyFault(receivers.MailFront, own.Mode) },
        OutageCases.Slack => new OutageSetup { Fault = new ProxyFault(receivers.SlackFront, own.Mode) },
        _ => throw new ArgumentException($"No such part: {own.Part}.", nameof(own)),
    };

    /// <summary>Down is a full disk, frozen a lock.</summary>
    private static OutageSetup File(Outage mode, string file, Func<Support.RunningService, Task> warm) => new()
    {
        Fault = mode == Outage.Down ? FullDisk.Under(file) : new LockedFile(file),
        Warm = warm,
    };

    private async Task<OutageSetup> KafkaAsync(Outage mode, string topic)
    {
        SharedServer<KafkaCluster> shared;
        lock (_lock)
        {
            if (!_kafka.TryGetValue(mode, out shared!))
            {
                _kafka[mode] = shared = new SharedServer<KafkaCluster>(CasesOf(OutageCases.Kafka, mode), async () =>
                {
                    var front = new FaultProxy();
                    var started = await kafka.BehindAsync(front);
                    return (started, new ProxyFault(front, mode, started.DisposeAsync));
                });
            }
        }

        var cluster = await shared.Server;
        var used = KafkaUnderTest.Of(cluster);
        await using (var topics = new KafkaTopic(used.Options, TimeProvider.System, NullLogger<KafkaTopic>.Instance, used.Creation))
        {
            await topics.EnsureAsync(new TopicSpec(topic, 1, 1), CancellationToken.None);
        }

        return new OutageSetup
        {
            Fault = shared.Fault(),
            Configure = options =>
            {
                options.Topic.Provider = TopicProvider.Kafka;
                options.Kafka.BootstrapServers = cluster.BootstrapServers;
                options.Stores.Cassandra.ConsumerGroup = $"{topic}-cassandra";
                options.Stores.Mongo.ConsumerGroup = $"{topic}-mongo";
                foreach (var (key, value) in KafkaCluster.Properties.Concat(scale.KafkaProperties))
                {
                    options.Kafka.Properties[key] = value;
                }
            },
        };
    }

    private async Task<OutageSetup> CassandraAsync(Outage mode)
    {
        var contactPoint = (await cassandra.OneAsync())[0];
        var front = new FaultProxy { Target = int.Parse(contactPoint.AsSpan(contactPoint.LastIndexOf(':') + 1), provider: null) };
        var keyspace = $"outage_{Guid.NewGuid():N}";
        return new OutageSetup
        {
            Fault = new ProxyFault(front, mode),
            Configure = options =>
            {
                options.Stores.Cassandra.Provider = StoreProvider.Cassandra;
                options.Cassandra.ContactPoints = $"{Loopback}:{front.Port}";
                options.Cassandra.Keyspace = keyspace;
            },
            Stored = new Dictionary<string, Func<Task<List<(string, string)>>>>
            {
                [StoreNames.Cassandra] = async () =>
                {
                    await using var cluster = Cluster.Builder().AddContactPoint(contactPoint).Build();
                    var session = await cluster.ConnectAsync(CancellationToken.None);
                    var rows = new List<(string, string)>();
                    await foreach (var row in await session.ExecuteAsync($"SELECT email, otp FROM {keyspace}.email_table"))
                    {
                        rows.Add((row.GetValue<string>(0), row.GetValue<string>(1)));
                    }

                    await session.ExecuteAsync($"DROP KEYSPACE {keyspace}");
                    return rows;
                },
            },
        };
    }

    private OutageSetup Mongo(Outage mode)
    {
        var front = new FaultProxy();
        var server = MongoServer.StartBehind(front);
        return new OutageSetup
        {
            Fault = new ProxyFault(front, mode),
            Configure = options =>
            {
                options.Stores.Mongo.Provider = StoreProvider.MongoDB;
                options.Mongo.ConnectionString = server.ConnectionString + scale.MongoOptions;
            },
            Stored = new Dictionary<string, Func<Task<List<(string, string)>>>>
            {
                [StoreNames.Mongo] = async () =>
                {
                    using var client = new MongoClient(server.ConnectionString);
                    var stored = await client.GetDatabase("email_database").GetCollection<BsonDocument>("email_collection")
                        .Find(FilterDefinition<BsonDocument>.Empty).ToListAsync();
                    return [.. stored.Select(document => (document["email"].AsString, document["otp"].AsString))];
                },
            },
            End = server.DisposeAsync,
        };
    }

    /// <summary>The server itself ends and starts again, for all cases at once.</summary>
    private async Task<OutageSetup> RestartedPostgresAsync()
    {
        SharedServer<PostgresServer> shared;
        lock (_lock)
        {
            if (!_postgres.TryGetValue(Outage.Down, out shared!))
            {
                _postgres[Outage.Down] = shared = new SharedServer<PostgresServer>(CasesOf(OutageCases.PostgresJournal, Outage.Down), async () =>
                {
                    var started = await PostgresServers.OwnAsync();
                    return (started, new RestartFault(started));
                });
            }
        }

        var database = await PostgresDatabase.CreateAsync((await shared.Server).ConnectionString);
        return Postgres(shared.Fault(), database.ConnectionString, () => ValueTask.CompletedTask); // the database goes with the server
    }

    private async Task<OutageSetup> FrozenPostgresAsync()
    {
        var database = await postgres.DatabaseAsync();
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var front = new FaultProxy { Target = connection.Port };
        connection.Port = front.Port;
        return Postgres(new ProxyFault(front, Outage.Frozen), connection.ConnectionString, database.DisposeAsync);
    }

    private static OutageSetup Postgres(IFault fault, string connection, Func<ValueTask> end) => new()
    {
        Fault = fault,
        Configure = options =>
        {
            options.Journal.Provider = JournalProvider.PostgreSQL;
            options.Journal.ConnectionString = new Secret(connection);
        },
        End = end,
    };

    private int CasesOf(string part, Outage mode) => cases.Count(each => each.Part == part && each.Mode == mode);

    /// <summary>A server that several cases share, and so its outage.</summary>
    private sealed class SharedServer<T>
    {
        private readonly Lazy<Task<(T Server, IFault Fault)>> _started;
        private readonly SharedFault _fault;

        public SharedServer(int cases, Func<Task<(T Server, IFault Fault)>> start)
        {
            _started = new Lazy<Task<(T, IFault)>>(() => Task.Run(start));
            _fault = new SharedFault(async () => (await _started.Value).Fault, cases);
        }

        public Task<T> Server => GetAsync();

        public IFault Fault() => _fault.Of();

        private async Task<T> GetAsync() => (await _started.Value).Server;
    }
}

/// <summary>Files of a data directory, before anything opens it.</summary>
internal sealed record DataPaths(string Root)
{
    public string Under(string name) => Path.Combine(Root, name);
}
