using OtpActors.Hosting;
using OtpActors.Tests.Support;

namespace OtpActors.Tests.Matrix;

/// <summary>What a case needs beside the embedded service.</summary>
internal sealed class OutageSetup : IAsyncDisposable
{
    public required IFault Fault { get; init; }

    public Action<OtpActorsOptions> Configure { get; init; } = _ => { };

    /// <summary>Comes before the run: what an outage takes away is there first.</summary>
    public Func<RunningService, Task> Warm { get; init; } = _ => Task.CompletedTask;

    /// <summary>What lies in the stores, where it is not embedded, by the store's name.</summary>
    public IReadOnlyDictionary<string, Func<Task<List<(string Email, string Otp)>>>> Stored { get; init; } =
        new Dictionary<string, Func<Task<List<(string, string)>>>>();

    /// <summary>What else the case owns; ends after the fault.</summary>
    public Func<ValueTask> End { get; init; } = () => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await Fault.DisposeAsync();
        await End();
    }
}
