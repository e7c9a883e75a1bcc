using Akka.Actor;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Inputs;

namespace OtpActors.Runs;

/// <summary>
/// Removes the checked copy of a user's file once its run has completed: it holds passwords, and nobody needs it any
/// more. The copy of a run that ended otherwise stays with it.
/// </summary>
public sealed class InputCleaner : ReceiveActor
{
    public InputCleaner(string inputsDirectory) => Receive<RunNotices.Updated>(updated =>
    {
        if (updated.State is { Outcome: RunOutcome.Completed, Spec.Records: RecordSpec.Spooled copy })
        {
            RecordSpool.Remove(copy, inputsDirectory);
        }
    });

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(RunNotices.Updated));
}
