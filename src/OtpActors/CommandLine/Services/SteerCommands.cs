using System.CommandLine;
using OtpActors.Api;
using OtpActors.Client;
using OtpActors.Domain.Runs;

namespace OtpActors.CommandLine.Services;

/// <summary><c>cancel</c>, <c>pause</c>, <c>resume</c> and <c>retry</c>: steer a run of the service.</summary>
internal static class SteerCommands
{
    public static IEnumerable<Command> Create()
    {
        yield return From("cancel", "Ends a run. What is stored stays stored.", null, (service, id, cancel) => service.CancelRunAsync(id, cancel));
        yield return From(
            "pause", "Pauses a run: what it has begun is finished. It keeps its turn on the topic, and its deadline goes on counting.",
            null, (service, id, cancel) => service.PauseRunAsync(id, cancel));
        yield return From("resume", "Goes on with a paused run.", Following.Wait(), (service, id, cancel) => service.ResumeRunAsync(id, cancel));
        yield return Retry();
    }

    private static Command From(string name, string description, Option<bool>? wait, Func<ServiceClient, string, CancellationToken, Task<RunDocument>> steer)
    {
        var id = RunId();
        return ServiceVerb.Create(name, description, wait is null ? [id] : [id, wait], async call =>
            await ShowAsync(call, await steer(call.Client, call.Parsed.GetRequiredValue(id), call.Cancel), wait))
            .WithExamples($"{name} 20310517-083000-a1b2c3", $"{name} 20310517-083000-a1b2c3 --server http://127.0.0.1:8080");
    }

    private static Command Retry()
    {
        var id = RunId();
        var step = new Argument<string>("STEP") { Description = $"The step: {string.Join(", ", StepId.All.Select(each => each.Name))}." };
        var wait = Following.Wait();
        return ServiceVerb.Create(
            "retry", "Tries a step once more: one that failed, was cancelled or waits for its next attempt; of a run that has ended a sink too.",
            [id, step, wait],
            async call => await ShowAsync(
                call, await call.Client.RetryStepAsync(call.Parsed.GetRequiredValue(id), call.Parsed.GetRequiredValue(step), call.Cancel), wait))
            .WithExamples("retry 20310517-083000-a1b2c3 mongo-mail", "retry 20310517-083000-a1b2c3 cassandra-sink --json");
    }

    private static async Task<int> ShowAsync(ServiceCall call, RunDocument run, Option<bool>? wait) =>
        wait is not null && call.Parsed.GetValue(wait)
            ? await Following.ToTheEndAsync(call, run)
            : call.Show(run, screen => RunText.WriteLine(screen, run));

    private static Argument<string> RunId() => new("RUN") { Description = "The run's id." };
}
