using System.CommandLine;
using System.Text.Json;
using OtpActors.Api;
using OtpActors.Client;

namespace OtpActors.CommandLine.Services;

/// <summary>What commands have in common that stay with a run of the service until it is over.</summary>
internal static class Following
{
    private static readonly TimeSpan LastQuestion = TimeSpan.FromSeconds(5);

    public static Option<bool> NoWait() => new("--no-wait") { Description = "Do not wait for the run's end: print it as it is accepted." };

    public static Option<bool> Wait() => new("--wait") { Description = "Follow the run to its end. The exit code is then that of the run." };

    /// <summary>Shows the run until it is over, then what it did.</summary>
    /// <returns>0 if it completed and both stores hold every address, else 1: also where it is followed no more.</returns>
    public static async Task<int> ToTheEndAsync(ServiceCall call, RunDocument run)
    {
        using IRunView view = call.IsJson ? new SilentView() : RunView.For(Terminal.Screen, TimeProvider.System);
        var follower = new RunFollower(again => again ? call.Reconnect() : call.Client, view, TimeProvider.System);
        try
        {
            await follower.FollowAsync(run, call.Cancel);
        }
        catch (OperationCanceledException) when (call.Cancel.IsCancellationRequested)
        {
            return await LeaveAsync(call, view, follower.Latest!);
        }
        catch (ServiceException e)
        {
            view.End(follower.Latest!, goesOn: true);
            throw new NotDoneException($"{e.Message} The run goes on with the service. Follow it again with:{Environment.NewLine}{FollowAgain(call, run.RunId)}");
        }

        var last = follower.Latest!;
        view.End(last);
        var exitCode = last.IsDone ? ExitCodes.Done : ExitCodes.NotDone;
        if (call.IsJson)
        {
            return call.Show(await call.Client.GetRunAsync(run.RunId, call.Cancel), _ => { }, exitCode);
        }

        Summary.Write(Terminal.Screen, last.Report, default, _ => 0, id => call.Again("notifications", id));
        return exitCode;
    }

    /// <summary>Ctrl-C, or the end of <c>--timeout</c>: the run goes on without anybody who looks.</summary>
    private static async Task<int> LeaveAsync(ServiceCall call, IRunView view, RunProgress run)
    {
        view.End(run, goesOn: true);
        if (call.IsJson)
        {
            await ShowLastAsync(call, run.RunId);
        }

        if (Terminal.Error.IsTerminal)
        {
            Terminal.Error.Out.WriteLine(); // below the ^C that the terminal shows
        }

        Terminal.Error.WriteText(call.IsInterrupted
            ? "Followed no more. The run goes on in the service. Follow it again with:"
            : "Not over within the time of --timeout. The run goes on in the service. Follow it again with:");
        Terminal.Error.Out.WriteLine(FollowAgain(call, run.RunId));
        return ExitCodes.NotDone;
    }

    private static async Task ShowLastAsync(ServiceCall call, string runId)
    {
        using var limit = new CancellationTokenSource(LastQuestion);
        try
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(await call.Client.GetRunAsync(runId, limit.Token), ClientJson.Shown));
        }
        catch (Exception e) when (e is ServiceException or OperationCanceledException)
        {
            // Standard error says how to look again.
        }
    }

    private static string FollowAgain(ServiceCall call, string runId) =>
        Invocation.Fit(call.Again("runs", runId, "--follow"), Terminal.Error.Width, indent: 2);
}
