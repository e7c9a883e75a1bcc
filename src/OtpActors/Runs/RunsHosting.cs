using Akka.Actor;
using Akka.Hosting;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;

namespace OtpActors.Runs;

/// <summary>The actors of runs, and what surrounds them.</summary>
public static class RunsHosting
{
    /// <summary>Adds the runs and their registry; the step actors come before.</summary>
    public static AkkaConfigurationBuilder AddRuns(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
        {
            var catalog = resolver.GetService<IRunCatalog>();
            var time = resolver.GetService<TimeProvider>();
            var status = resolver.GetService<JournalStatus>();
            var steps = Steps.StepActors.From(registry);
            registry.Register<JournalWatch>(system.ActorOf(Props.Create(() => new JournalWatch(status, time)), "journal-watch"));
            registry.Register<RunLister>(system.ActorOf(Props.Create(() => new RunLister(catalog, status, time)), "run-lister"));
            var runs = system.ActorOf(
                Props.Create(() => new RunsParent(
                    runId => Props.Create(() => new RunSupervisor(runId, steps, catalog, time, new Random())), status, time)),
                "runs");
            registry.Register<RunsParent>(runs);
            registry.Register<RunRegistry>(system.ActorOf(Props.Create(() => new RunRegistry(runs, catalog)), "run-registry"));
            var inputs = resolver.GetService<DataDirectory>().InputsDirectory;
            system.ActorOf(Props.Create(() => new InputCleaner(inputs)), "input-cleaner");
            CoordinatedShutdown.Get(system).AddTask(
                CoordinatedShutdown.PhaseBeforeServiceUnbind, "suspend-runs", async () =>
                {
                    await runs.Ask<RunsParent.AllSuspended>(new RunsParent.SuspendAll());
                    return Akka.Done.Instance;
                });
        });
}
