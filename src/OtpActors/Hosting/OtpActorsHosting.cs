using Akka.Configuration;
using Akka.Hosting;
using Akka.Logger.Serilog;
using OtpActors.Api;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Embedded;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Lifecycle;
using OtpActors.Runs;
using OtpActors.Steps;
using OtpActors.Telemetry;
using OtpActors.Triggers;
using Serilog.Events;
using LogLevel = Akka.Event.LogLevel;

namespace OtpActors.Hosting;

/// <summary>Puts the service together.</summary>
public static class OtpActorsHosting
{
    /// <summary>Topic, stores, senders, journal, steps and runs.</summary>
    /// <param name="triggers">Whether there are triggers as well: in the long-running service.</param>
    public static IServiceCollection AddOtpActors(
        this IServiceCollection services, OtpActorsOptions options, DataDirectory data, bool triggers)
    {
        services.AddSingleton(options);
        services.AddSingleton(options.RunDefaults);
        services.AddSingleton(options.Topic);
        services.AddSingleton(options.Stores);
        services.AddSingleton(options.Journal);
        services.AddSingleton(options.Telemetry);
        services.AddSingleton<ReadSettings>(_ => () => ShownSettings.From(options));
        services.AddSingleton(data);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(sp => new RunStarter(
            options.RunDefaults, data, sp.GetRequiredService<IRequiredActor<RunRegistry>>(), sp.GetRequiredService<IRequiredActor<RunsParent>>(),
            sp.GetRequiredService<DataWatch>()));
        services.AddSingleton<DataWatch>();
        services.AddHostedService(sp => sp.GetRequiredService<DataWatch>());
        services.AddRunCatalog(options.Journal, data);
        services.AddSingleton<IOtpTopic>(sp => options.Topic.Provider == TopicProvider.Kafka
            ? new KafkaTopic(options.Kafka, sp.GetRequiredService<TimeProvider>(), sp.GetRequiredService<ILogger<KafkaTopic>>())
            : new EmbeddedTopic(data.TopicFile));
        foreach (var store in ConfiguredStores.Open(options, data, TimeProvider.System))
        {
            // made by the container, and so disposed by it
            services.AddSingleton<IOtpStore>(sp => new MeteredStore(store, sp.GetRequiredService<ServiceMetrics>()));
        }

        services.AddServiceTelemetry(options.Telemetry);
        services.AddNotifications(options, data);
        services.AddSingleton<IRunArtifacts>(sp => new RunArtifacts(
            data.InputsDirectory, data.SlackDirectory, sp.GetRequiredService<NotificationLedger>(), sp.GetRequiredService<IRunJournal>()));
        services.AddTriggers(data);
        services.AddSingleton<ContinuousSinkCounts>();
        var continuous = triggers && options.Topic.Continuous
            ? new TopicSpec(options.Topic.Name, options.Topic.Partitions, options.Topic.ReplicationFactor)
            : null;
        var system = ActorLog.NewSystemName();
        services.AddSingleton(sp => new ActorLog(system, sp.GetRequiredService<Serilog.ILogger>()));
        services.AddAkka(system, (builder, sp) =>
        {
            _ = sp.GetRequiredService<ActorLog>(); // the container ends it after the actors
            builder
                .ConfigureLoggers(loggers =>
                {
                    loggers.LogLevel = LevelOf(options.LogLevel);
                    loggers.ClearLoggers();
                    loggers.AddSerilogLogging();
                })
                .AddHocon(ConfigurationFactory.ParseString(File.ReadAllText(AkkaConf)), HoconAddMode.Prepend)
                .AddHocon(StopWithin(options.ShutdownTimeout), HoconAddMode.Prepend)
                .AddJournal(options.Journal, data)
                .AddTopicAdmin()
                .AddProducer()
                .AddCassandraSink(sp => sp.SinkSetup(StoreNames.Cassandra, options.Stores.Cassandra, continuous))
                .AddMongoSink(sp => sp.SinkSetup(StoreNames.Mongo, options.Stores.Mongo, continuous))
                .AddChecker()
                .AddMender()
                .AddNotifier()
                .AddRunTelemetry()
                .AddAuditTrail()
                .AddRuns()
                .AddRunRetention(options.Workflow);
            if (triggers)
            {
                builder.AddTriggers(options.Triggers);
            }
        });
        if (triggers)
        {
            // Hosted services start in order: after the actors, and before the server listens.
            services.AddSingleton<RunResumer>();
            services.AddHostedService(sp => sp.GetRequiredService<RunResumer>());
        }

        return services;
    }

    /// <summary>
    /// Triggers finish the one thing they have in progress; suspending runs finishes batches, offsets, the message being sent. The
    /// rest is for closing.
    /// </summary>
    private static Config StopWithin(TimeSpan shutdown) =>
        $$"""
        akka.coordinated-shutdown.phases {
          {{TriggerPhase.Stop}}.timeout = {{(long)(shutdown.TotalMilliseconds / 6)}}ms
          before-service-unbind.timeout = {{(long)(shutdown.TotalMilliseconds * 2 / 3)}}ms
        }
        """;

    private static string AkkaConf => Path.Combine(AppContext.BaseDirectory, "hocon", "akka.conf");

    /// <summary>Serilog writes the log and decides; what it would drop anyway is not made.</summary>
    private static LogLevel LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose or LogEventLevel.Debug => LogLevel.DebugLevel,
        LogEventLevel.Information => LogLevel.InfoLevel,
        LogEventLevel.Warning => LogLevel.WarningLevel,
        _ => LogLevel.ErrorLevel,
    };

    /// <param name="continuous">The topic that is consumed between runs too.</param>
    private static SinkSetup SinkSetup(this IServiceProvider services, string store, StoreOptions options, TopicSpec? continuous) => new(
        services.GetRequiredService<IOtpTopic>(),
        services.GetServices<IOtpStore>().Single(s => s.Name == store),
        options.ConsumerGroup,
        services.GetRequiredService<TimeProvider>(),
        continuous is null ? null : new ContinuousSinkSetup(continuous, services.GetRequiredService<ContinuousSinkCounts>()));
}
