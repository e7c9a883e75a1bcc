using System.ComponentModel;

namespace OtpActors.Triggers;

/// <summary>What is to be another one where a run's request is made again. What is left out stays as it was.</summary>
/// <remarks>No record: its text would show the password.</remarks>
public sealed class AgainRequest
{
    [Description("Another address, of a run that produced one again and again; its password must come with it.")]
    public string? Email { get; init; }

    [Description("Another password, of a run that produced one address again and again: 1 to 128 characters.")]
    public string? Otp { get; init; }
}

/// <summary>The records that a run was given are kept no more.</summary>
public sealed class RunInputGoneException(string runId, long count)
    : Exception($"The {count} record(s) of run {runId} are kept no more: they are removed once their run completes")
{
    public string RunId { get; } = runId;
}
