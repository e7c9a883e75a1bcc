using System.CommandLine;
using System.Text.Json;
using Akka.Actor;
using Akka.Hosting;
using OtpActors.Api;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Lifecycle;
using OtpActors.Runs;
using Serilog.Events;

namespace OtpActors.CommandLine;

/// <summary><c>run</c>: one run of the workflow in this process, from beginning to end or from where it was.</summary>
internal static class RunCommand
{
    private const int CapturedMessagesShown = 20;
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        var options = new RunOptions();
        var json = new Option<bool>("--json") { Description = "Print one JSON document, the report, and nothing else on standard output." };
        var command = new Command(
            "run",
            "Runs the workflow once: topic, sinks, producer, checks, mail, Slack. Exit code 0 if it completed and both "
            + "stores hold every address that was produced; 1 if not; 2 for wrong arguments or input.");
        foreach (var option in options.All.Append(Cli.Data).Append(json))
        {
            command.Add(option);
        }

        command.WithExamples("run --count 20000 --notify none", "run --from people.csv --skip-bad --json");
        command.SetAction((parsed, cancellationToken) => Cli.GuardAsync(
            () => RunAsync(parsed, options, parsed.GetValue(json), cancellationToken),
            refused: parsed.GetValue(json) ? WriteRefusal : null));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, RunOptions options, bool json, CancellationToken cancellationToken)
    {
        var settings = Cli.Settings(parsed);
        var resumed = options.Resumed(parsed);
        if (resumed is not null && settings.Journal.Provider == JournalProvider.Embedded
            && !File.Exists(DataDirectory.OpenReadOnly(settings.Data).JournalFile))
        {
            throw NoSuchRun(resumed, settings);
        }

        var runId = resumed ?? RunIds.New(TimeProvider.System);
        var opened = new Lazy<DataDirectory>(() => Open(parsed, options, settings));
        try
        {
            var spec = resumed is null ? await options.ToSpecAsync(parsed, settings, opened, runId, cancellationToken) : null;
            await using var journal = await JournalAccess.OpenAsync(settings, opened.Value, cancellationToken);
            using var host = OtpActorsHost.Build(
                settings, opened.Value, json || !Terminal.Screen.CanRedraw ? LogEventLevel.Warning : LogEventLevel.Fatal);
            using IRunView view = json ? new SilentView() : RunView.For(Terminal.Screen, TimeProvider.System);
            var (state, breakage) = await RunAsync(host, runId, spec, view, journal, cancellationToken);
            return await ConcludeAsync(parsed, state, breakage, json, opened.Value, host);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new NotDoneException("Interrupted before the run began: nothing was produced.");
        }
        finally
        {
            if (opened.IsValueCreated)
            {
                opened.Value.Dispose();
            }
        }
    }

    /// <exception cref="DataDirectoryException">It cannot be used; where a service holds it, the message says how to run there.</exception>
    private static DataDirectory Open(ParseResult parsed, RunOptions options, OtpActorsOptions settings)
    {
        try
        {
            return DataDirectory.Open(settings.Data);
        }
        catch (DataDirectoryException e) when (e.IsInUse && ServiceFile.Read(settings.Data) is not null)
        {
            var root = Path.GetFullPath(settings.Data);
            var service = ServiceFile.Read(root)!;
            var there = Invocation.Fit(Invocation.From(options.InService(parsed)), Terminal.Error.Width, indent: 2);
            throw new DataDirectoryException(
                $"{root} is in use by the service at {service.Url} (process {service.ProcessId}). Run there:{Environment.NewLine}{there}", e);
        }
    }

    private static async Task<(RunState State, string? Breakage)> RunAsync(
        IHost host, string runId, RunSpec? spec, IRunView view, JournalAccess journal, CancellationToken cancellationToken)
    {
        var files = host.Services.GetRequiredService<DataWatch>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, journal.Lost, files.Lost);
        await host.StartAsync(CancellationToken.None);
        using var run = new RunSubscription(
            host.Services.GetRequiredService<ActorSystem>(), host.Services.GetRequiredService<JournalStatus>(), runId);
        RunState state;
        try
        {
            var registry = host.Services.GetRequiredService<IRequiredActor<RunRegistry>>().ActorRef;
            var reply = await registry.Ask<object>(
                spec is null ? new RunRegistry.Resume(runId) : new RunRegistry.Start(runId, spec), CancellationToken.None);
            var accepted = reply switch
            {
                RunReplies.Accepted yes => yes,
                RunReplies.Unavailable no => throw new NotDoneException($"The run cannot begin: {no.Reason}"),
                RunReplies.Refused no => throw new NotDoneException($"The run cannot begin: {no.Reason}"),
                _ => throw NoSuchRun(runId, host.Services.GetRequiredService<OtpActorsOptions>()),
            };

            state = await FollowAsync(run, accepted.State, view, stop.Token);
        }
        finally
        {
            // Whatever happens: what is in progress is finished, committed and journaled.
            await host.StopAsync(CancellationToken.None);
        }

        state = run.Latest ?? state;
        view.End(RunProgress.From(state));
        if (files.WhyLost is { } lost)
        {
            throw new NotDoneException(lost);
        }

        return (state, run.Breakage ?? journal.WhyLost);
    }

    /// <summary>
    /// Shows each new state, and the last one again several times a second for what counts time, until the run is over or
    /// <paramref name="cancellationToken"/> fires. A run whose journal is unavailable goes on by itself, and is given up at its deadline.
    /// </summary>
    private static async Task<RunState> FollowAsync(
        RunSubscription run, RunState state, IRunView view, CancellationToken cancellationToken)
    {
        while (true)
        {
            state = run.Latest ?? state;
            view.Show(RunProgress.From(state, run.Hold));
            if (state.IsTerminal || cancellationToken.IsCancellationRequested
                || (run.Hold is not null && state.DeadlineAt <= TimeProvider.System.GetUtcNow()))
            {
                return state;
            }

            await run.WaitAsync(Refresh, cancellationToken);
        }
    }

    private static async Task<int> ConcludeAsync(
        ParseResult parsed, RunState state, string? breakage, bool json, DataDirectory data, IHost host)
    {
        var report = RunReport.From(state);
        var captured = host.Services.GetService<CapturedSlackSender>() is { } embedded
            ? await embedded.ReadAsync(state.RunId, CapturedMessagesShown, CancellationToken.None)
            : null;
        var ledger = await CountAsync(host.Services.GetRequiredService<NotificationLedger>(), state.RunId);
        long Count(string channel, NotificationState how) => ledger.GetValueOrDefault((channel, how));

        // The run counts a channel's messages in their order, and up to where it was ended; the ledger has every single one.
        RunReport.ChannelPart Whole(string channel, RunReport.ChannelPart part) => part with
        {
            Sent = Math.Max(part.Sent, Count(channel, NotificationState.Accepted)),
            Failed = Math.Max(part.Failed, Count(channel, NotificationState.Failed)),
            Uncertain = Math.Max(part.Uncertain, Count(channel, NotificationState.Uncertain)),
        };
        report = report with
        {
            Outcome = report.Outcome ?? "Interrupted",
            Reason = report.Reason ?? breakage,
            Notifications = new RunReport.NotificationsPart(
                Whole(ChannelNames.Mail, report.Notifications.Mail),
                Whole(ChannelNames.Slack, report.Notifications.Slack) with { Messages = captured }),
        };
        if (json)
        {
            WriteJson(report);
        }
        else
        {
            Summary.Write(
                Terminal.Screen, report, Summary.Places.From(data, host.Services.GetRequiredService<OtpActorsOptions>()),
                channel => Count(channel, NotificationState.Deferred) + Count(channel, NotificationState.Intent),
                id => Invocation.From("notifications", id));
        }

        if (!state.IsTerminal)
        {
            Terminal.Error.WriteText($"{(breakage is null ? "Interrupted" : $"Broken off: {breakage.TrimEnd('.')}")}. Everything up to here is kept. Go on with:");
            var again = Invocation.From(["run", "--resume", state.RunId, .. RunOptions.Kept(parsed), .. json ? ["--json"] : Array.Empty<string>()]);
            Terminal.Error.Out.WriteLine(Invocation.Fit(again, Terminal.Error.Width, indent: 2));
        }

        return state.Outcome == RunOutcome.Completed && state.StoresAgree ? ExitCodes.Done : ExitCodes.NotDone;
    }

    /// <summary>Nothing where the ledger cannot be read: how a run ended is told on a full disk too.</summary>
    private static async Task<IReadOnlyDictionary<(string Channel, NotificationState State), long>> CountAsync(
        NotificationLedger ledger, string runId)
    {
        try
        {
            return await ledger.CountAsync(runId, CancellationToken.None);
        }
        catch (SqliteFailureException e)
        {
            await Console.Error.WriteLineAsync($"What is uncertain of the notifications cannot be told: {e.Message}");
            return new Dictionary<(string, NotificationState), long>();
        }
    }

    private static UsageException NoSuchRun(string runId, OtpActorsOptions settings) =>
        new($"There is no run '{runId}' in {JournalHosting.PlaceOf(settings)}; `{Invocation.From("runs")}` lists them.");

    private static void WriteRefusal(Exception reason) => WriteJson(reason switch
    {
        BadLinesException { Found: var found } =>
            new { outcome = "refused", reason = "bad lines", found.Rows, found.Good, found.Bad, found.Blank, lines = found.FirstBad },
        _ => new { outcome = reason is NotDoneException ? "notBegun" : "refused", reason = reason.Message },
    });

    private static void WriteJson(object document) => Console.Out.WriteLine(JsonSerializer.Serialize(document, Terminal.Json));
}
