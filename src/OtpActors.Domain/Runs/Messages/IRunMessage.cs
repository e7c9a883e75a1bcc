namespace OtpActors.Domain.Runs.Messages;

/// <summary>Anything that is meant for one run.</summary>
public interface IRunMessage
{
    string RunId { get; }
}
