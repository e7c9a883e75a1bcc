using Akka.Configuration;
using Akka.Hosting;
using OtpActors.Notifications.Ledger;
using OtpActors.Steps;
using OtpActors.Stores;
using OtpActors.Telemetry;
using OtpActors.Topics;
using OtpActors.Topics.Embedded;
using OtpActors.Topics.Kafka;
using OtpActors.Triggers;
using OtpActors.Workflow;
using Serilog.Events;
using LogLevel = Akka.Event.LogLevel;

namespace OtpActors.Hosting;

/// <summary>Puts the service together.</summary>
public static class OtpActorsHosting
{
    /// <summary>Everything but the triggers: topic, stores, senders, journal, steps and runs.</summary>
    public static IServiceCollection AddOtpActors(
        this IServiceCollection services, OtpActorsOptions options, DataDirectory data)
    {
        services.AddSingleton(options);
        services.AddSingleton(data);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(sp => new RunStarter(
            options, data, sp.GetRequiredService<IRequiredActor<RunRegistry>>(), sp.GetRequiredService<IRequiredActor<RunsParent>>()));
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
        services.AddSingleton<IRunRemains>(sp => new RunRemains(
            data.InputsDirectory, data.SlackDirectory, sp.GetRequiredService<NotificationLedger>(), sp.GetRequiredService<IRunJournal>()));
        services.AddAkka("otpactors", builder => builder
            .ConfigureLoggers(loggers =>
            {
                loggers.LogLevel = LevelOf(options.LogLevel);
                loggers.ClearLoggers();
                loggers.AddLoggerFactory();
            })
            .AddHocon(ConfigurationFactory.ParseString(File.ReadAllText(AkkaConf)), HoconAddMode.Prepend)
            .AddHocon(SuspendWithin(options.ShutdownTimeout), HoconAddMode.Prepend)
            .AddJournal(options.Journal, data)
            .AddTopicAdmin()
            .AddProducer()
            .AddCassandraSink(sp => sp.SinkSetup(StoreNames.Cassandra, options.Stores.Cassandra))
            .AddMongoSink(sp => sp.SinkSetup(StoreNames.Mongo, options.Stores.Mongo))
            .AddChecker()
            .AddNotifier()
            .AddRunTelemetry()
            .AddRuns()
            .AddRunRetention(options.Workflow));
        return services;
    }

    /// <summary>Suspending runs finishes what is in hand: batches, offsets, the message being sent. The rest is for closing.</summary>
    private static Config SuspendWithin(TimeSpan shutdown) =>
        $"akka.coordinated-shutdown.phases.before-service-unbind.timeout = {(long)(shutdown.TotalMilliseconds * 2 / 3)}ms";

    private static string AkkaConf => Path.Combine(AppContext.BaseDirectory, "hocon", "akka.conf");

    /// <summary>Serilog writes the log and decides; what it would drop anyway is not made.</summary>
    private static LogLevel LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose or LogEventLevel.Debug => LogLevel.DebugLevel,
        LogEventLevel.Information => LogLevel.InfoLevel,
        LogEventLevel.Warning => LogLevel.WarningLevel,
        _ => LogLevel.ErrorLevel,
    };

    private static SinkSetup SinkSetup(this IServiceProvider services, string store, StoreOptions options) => new(
        services.GetRequiredService<IOtpTopic>(),
        services.GetServices<IOtpStore>().Single(s => s.Name == store),
        options.ConsumerGroup,
        services.GetRequiredService<TimeProvider>());
}
