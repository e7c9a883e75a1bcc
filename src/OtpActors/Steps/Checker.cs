using Akka.Actor;
using Akka.Hosting;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Inputs;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Stores;

namespace OtpActors.Steps;

/// <summary>Looks every address of a run up in one store. Reads only, so an attempt starts from the beginning.</summary>
public sealed class Checker(IEnumerable<IOtpStore> stores, DataDirectory data, TimeProvider time)
    : StepActor<Checker.Begin>(time)
{
    /// <summary>Addresses looked up together.</summary>
    private const int BatchSize = 1_000;

    /// <summary>Missing addresses named in the result.</summary>
    private const int SampleSize = 20;

    /// <summary>Answered by <see cref="RunCommands.CompleteCheck"/>.</summary>
    public sealed record Begin(string RunId, StepId Step, int Attempt, RunSpec Spec, StepHold? Hold = null) : IBeginStep;

    protected override async Task<IStepCommand?> RunAsync(
        Begin begin, IActorRef run, Outages outages, CancellationToken cancellationToken)
    {
        var store = stores.Single(s => s.Name == begin.Step.Store);
        var (looked, found, missing) = (0L, 0L, new List<string>());
        var throttle = new Throttle(Time, TimeSpan.FromSeconds(1));
        foreach (var emails in RecordSources.Open(begin.Spec.Records, data.InputsDirectory).Addresses().Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var present = await outages.WaitOutAsync(store.Name, () => store.FindAsync(emails, cancellationToken), cancellationToken);
            looked += emails.Length;
            found += present.Count;
            if (present.Count < emails.Length)
            {
                missing.AddRange(emails.Where(e => !present.ContainsKey(e))
                    .Take(SampleSize - missing.Count).Select(e => e.ToString()));
            }

            if (throttle.IsDue())
            {
                run.Tell(new RunCommands.Heartbeat(begin.RunId, begin.Step, begin.Attempt));
            }
        }

        return new RunCommands.CompleteCheck(
            begin.RunId, begin.Step, begin.Attempt, new CheckResult(looked, found, missing));
    }
}

public static class CheckerHosting
{
    public static AkkaConfigurationBuilder AddChecker(this AkkaConfigurationBuilder builder) =>
        builder.WithActors((system, registry, resolver) =>
            registry.Register<Checker>(system.ActorOf(resolver.Props<Checker>(), "checker")));
}
