using Akka.Actor;
using Akka.Hosting;
using OtpActors.Topics;
using OtpActors.Triggers;
using OtpActors.Triggers.Commands;
using OtpActors.Triggers.Schedules;
using OtpActors.Workflow;

namespace OtpActors.Hosting;

/// <summary>What makes the long-running service of the runs: whatever starts them by itself.</summary>
public static class TriggersHosting
{
    /// <summary>The phase of the shutdown in which nothing new is begun any more; the runs are suspended after it.</summary>
    internal const string StopPhase = "stop-triggers";

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
        CoordinatedShutdown.Get(system).AddTask(StopPhase, "drain-publisher", async () =>
        {
            await publisher.DrainAsync();
            return Akka.Done.Instance;
        });
        return publisher;
    }).AddSingleton(sp =>
    {
        var system = sp.GetRequiredService<ActorSystem>();
        var sender = new CommandSender(
            sp.GetRequiredService<IOtpTopic>(), system, sp.GetRequiredService<OtpActorsOptions>(), sp.GetRequiredService<TimeProvider>());
        CoordinatedShutdown.Get(system).AddTask(StopPhase, "drain-commands", async () =>
        {
            await sender.DrainAsync();
            return Akka.Done.Instance;
        });
        return sender;
    });

    /// <summary>Adds the actors; the runs come before.</summary>
    internal static AkkaConfigurationBuilder AddTriggers(this AkkaConfigurationBuilder builder, OtpActorsOptions options)
    {
        builder.AddMissedRunAlerts().AddSchedules();
        return options.Triggers.Commands.Enabled ? builder.AddCommandTopic() : builder;
    }

    /// <summary>Done from outside the actor: nothing after this is missed.</summary>
    internal static void TellWhenResumed(ActorSystem system, IActorRef actor) => system.EventStream.Subscribe(actor, typeof(RunNotices.Resumed));

    /// <summary>Stops an actor in order when the service ends, before the runs are suspended.</summary>
    /// <typeparam name="TStopped">What it answers.</typeparam>
    internal static void StopWithTriggers<TStopped>(ActorSystem system, IActorRef actor, object stop) =>
        CoordinatedShutdown.Get(system).AddTask(StopPhase, $"stop-{actor.Path.Name}", async () =>
        {
            await actor.Ask<TStopped>(stop);
            return Akka.Done.Instance;
        });
}
