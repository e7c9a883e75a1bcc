using System.CommandLine;
using OtpActors.Api;
using OtpActors.Client;
using OtpActors.Triggers;

namespace OtpActors.CommandLine.Services;

/// <summary><c>start</c> and <c>again</c>: a run in the service, followed live.</summary>
internal static class StartCommands
{
    private const int Tries = 3;

    private const string ExitCodesOfRuns =
        "Exit code 0 if it completed and both stores hold every address that was produced; 1 if not; 2 for wrong arguments or input.";

    public static IEnumerable<Command> Create() => [Start(), Again()];

    private static Command Start()
    {
        var options = new RunOptions();
        var key = Key();
        var (noWait, wait) = (Following.NoWait(), Following.Wait());
        return ServiceVerb.Create(
            "start", $"Starts a run in the service, as `run` does in this process, and follows it. {ExitCodesOfRuns}",
            [.. options.OfNewRuns, key, noWait, wait],
            async call =>
            {
                var request = await options.ToRequestAsync(call.Parsed, call.Cancel);
                return await RunAsync(
                    call, own => call.Client.StartRunAsync(request, own, call.Cancel), call.Parsed.GetValue(key), Waits(call, wait, noWait));
            })
            .WithExamples("start --count 20000", "start --from passwords.csv --no-wait --json");
    }

    private static Command Again()
    {
        var id = new Argument<string>("RUN") { Description = "The run whose request is made again." };
        var email = new Option<string?>("--email")
        {
            Description = "Another address, of a run that produced one again and again; --otp goes with it.",
            HelpName = "ADDRESS",
        };
        var otp = new Option<string?>("--otp") { Description = "Another password; '-' reads it from standard input.", HelpName = "PASSWORD" };
        var key = Key();
        var (noWait, wait) = (Following.NoWait(), Following.Wait());
        return ServiceVerb.Create(
            "again", $"Makes a run's request again, as a new run. {ExitCodesOfRuns}", [id, email, otp, key, noWait, wait],
            async call =>
            {
                var change = new AgainRequest
                {
                    Email = call.Parsed.GetValue(email),
                    Otp = await RunOptions.PasswordAsync(call.Parsed.GetValue(otp), call.Cancel),
                };
                return await RunAsync(
                    call, own => call.Client.StartAgainAsync(call.Parsed.GetRequiredValue(id), change, own, call.Cancel),
                    call.Parsed.GetValue(key), Waits(call, wait, noWait));
            }).WithExamples("again 20310517-083000-a1b2c3", "again 20310517-083000-a1b2c3 --no-wait --json");
    }

    private static Option<string?> Key() => new("--idempotency-key")
    {
        Description = "Your own name for this request: with the same one the same run is started once. [default: a new one]",
        HelpName = "KEY",
    };

    private static bool Waits(ServiceCall call, Option<bool> wait, Option<bool> noWait) =>
        call.Parsed.GetValue(wait) && call.Parsed.GetValue(noWait)
            ? throw new UsageException("--wait and --no-wait do not go together.")
            : !call.Parsed.GetValue(noWait);

    /// <param name="start">Starts it under a key.</param>
    private static async Task<int> RunAsync(ServiceCall call, Func<string, Task<(RunDocument Run, bool Again)>> start, string? key, bool waits)
    {
        var run = await StartAsync(start, key ?? Guid.NewGuid().ToString("N"));
        return waits ? await Following.ToTheEndAsync(call, run) : call.Show(run, screen => RunText.WriteLine(screen, run));
    }

    /// <summary>The key makes it safe to send the request again where nobody knows what became of it.</summary>
    private static async Task<RunDocument> StartAsync(Func<string, Task<(RunDocument Run, bool Again)>> start, string key)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return (await start(key)).Run;
            }
            catch (ServiceException e) when (e.MayBeDone)
            {
                if (attempt == Tries)
                {
                    throw new NotDoneException(
                        $"{e.Reason} Whether the run was started is not known: start it again with --idempotency-key {key}, which starts it once.");
                }
            }
        }
    }
}
