using Akka.Actor;
using Akka.Hosting;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Topics;
using OtpActors.Lifecycle;
using OtpActors.Triggers.Commands;
using OtpActors.Triggers.Schedules;

namespace OtpActors.Triggers;

/// <summary>What makes the long-running service of the runs: whatever starts them by itself.</summary>
public static class TriggersHosting
{
    internal static IServiceCollection AddTriggers(this IServiceCollection services, DataDirectory data)
    {
        services.AddSingleton<IRunStarter>(sp => sp.GetRequiredService<RunStarter>());
        services.AddSingleton<IScheduleStore>(_ => new SqliteScheduleStore(data.SchedulesFile));
        services.AddSingleton<TriggerCounts>();
        return services;
    }

    /// <summary>What callers publish, commands too, is in the topic before the streams of the actor system end.</summary>
    internal static IServiceCollection AddPublisher(this IServiceCollection services) => services.AddSingleton(sp =>
    {
        var system = sp.GetRequiredService<ActorSystem>();
        var publisher = new OtpPublisher(
            sp.GetRequiredService<IOtpTopic>(), system, sp.GetRequiredService<TimeProvider>(), sp.GetRequiredService<ILogger<OtpPublisher>>());
        CoordinatedShutdown.Get(system).AddTask(TriggerPhase.Stop, "drain-publisher", async () =>
        {
            await publisher.DrainAsync();
            return Akka.Done.Instance;
        });
        return publisher;
    }).AddSingleton(sp =>
    {
        var system = sp.GetRequiredService<ActorSystem>();
        var sender = new CommandSender(
            sp.GetRequiredService<IOtpTopic>(), system, sp.GetRequiredService<RunDefaults>(), sp.GetRequiredService<TimeProvider>());
        CoordinatedShutdown.Get(system).AddTask(TriggerPhase.Stop, "drain-commands", async () =>
        {
            await sender.DrainAsync();
            return Akka.Done.Instance;
        });
        return sender;
    });

    /// <summary>Adds the actors; the runs come before.</summary>
    internal static AkkaConfigurationBuilder AddTriggers(this AkkaConfigurationBuilder builder, TriggersOptions options)
    {
        builder.AddMissedRunAlerts().AddSchedules();
        return options.Commands.Enabled ? builder.AddCommandTopic() : builder;
    }
}
