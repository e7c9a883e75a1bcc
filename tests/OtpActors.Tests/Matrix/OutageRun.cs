using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Tests.Processes;
using OtpActors.Tests.Support;
using Shouldly;

namespace OtpActors.Tests.Matrix;

/// <summary>
/// One case: a run on a service of its own, whose part is away from a moment on for as long as the scale says, and what
/// is there at the run's end.
/// </summary>
internal sealed class OutageRun(OutageCase own, OutageParts parts, OutageScale scale, OutageTurns turns)
{
    /// <summary>Three batches of the producer, five of a check.</summary>
    public const int Records = 4_500;

    /// <summary>Addresses of each store that are mailed and posted.</summary>
    public const int Notified = 40;

    /// <summary>Mails that are on their way at a time: so many may come twice where the mail server itself goes.</summary>
    private const int MailsAtATime = 8;

    /// <summary>Nulls are left out of documents.</summary>
    private static readonly JsonSerializerOptions Lenient = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly string _topic = $"outage-{Guid.NewGuid():N}";
    private readonly Gates _gates = new();
    private readonly CancellationTokenSource _bound = new();
    private JsonElement _document;
    private TimeSpan _outage;
    private string? _hold;
    private string? _refusal;
    private bool _isOut;

    public async Task<OutageResult> RunAsync()
    {
        string? problem = null;
        try
        {
            await RunThroughAsync();
        }
        catch (Exception e)
        {
            problem = $"{(e is OperationCanceledException ? "not over in time" : e.Message.ReplaceLineEndings(" "))}\n{e}\n{_document}\n{_refusal}";
        }

        var started = _document.ValueKind == JsonValueKind.Object;
        return new OutageResult(
            own, started ? _document.GetProperty("state").GetString() : null, _outage, started ? Held() : null, _hold,
            started ? Steps().Max(step => step.Attempts) : 0, problem);
    }

    private async Task RunThroughAsync()
    {
        using var directory = new TempDirectory();
        var data = new DataPaths(directory.File("data"));
        using var turn = await turns.TakeAsync();
        _bound.CancelAfter(scale.Bound);
        await using var receivers = await OutageReceivers.StartAsync(_gates);
        await using var setup = await parts.MakeAsync(own, _topic, data, receivers);
        await using var journal = new Journal();
        await using var service = await StartAsync(setup, receivers, data, journal);
        await setup.Warm(service);
        var broke = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _gates.Arm(own.Point, own.Number, async () =>
        {
            turn.Dispose();
            await setup.Fault.BreakAsync(own.LoseReply);
            broke.SetResult();
        });
        using var answer = await service.Http.PostAsJsonAsync(
            "/api/runs", new { topic = _topic, count = Records, notify = Notified, window = scale.Window }, _bound.Token);
        answer.EnsureSuccessStatusCode();
        _document = await answer.Content.ReadFromJsonAsync<JsonElement>(RequestJson.Options, _bound.Token);

        await UntilAsync(service, () => broke.Task.IsCompleted && setup.Fault.Broken.IsCompleted);
        await Task.WhenAll(broke.Task, setup.Fault.Broken);
        var began = Stopwatch.GetTimestamp();
        _isOut = true;
        await UntilAsync(service, () => Stopwatch.GetElapsedTime(began) >= scale.Outage && (_hold is not null || scale.Defaults));
        _outage = Stopwatch.GetElapsedTime(began);
        await setup.Fault.MendAsync();
        await UntilAsync(service, () => IsOver);
        journal.ShouldBeOurs();
        await VerifyAsync(setup, receivers, service, new DataContent(data.Root));
    }

    private async Task<RunningService> StartAsync(OutageSetup setup, OutageReceivers receivers, DataPaths data, Journal journal)
    {
        OtpActorsOptions? options = null;
        void Configure(OtpActorsOptions settings)
        {
            receivers.Apply(settings);
            scale.Apply(settings, own.Part);
            setup.Configure(settings);
            settings.Http.RequestsPerSecond = 1_000;
            options = settings;
        }

        var chosen = new OtpActorsOptions();
        Configure(chosen);
        if (chosen.Journal.Provider == JournalProvider.PostgreSQL)
        {
            await journal.OpenAsync(chosen, data.Root, _bound.Token);
        }

        return await RunningService.StartAsync(Configure, data.Root, services => services.Gate(_gates, _topic));
    }

    /// <summary>Keeps the run's newest document until the condition comes, or the run ends before it.</summary>
    private async Task UntilAsync(RunningService service, Func<bool> condition)
    {
        var runId = _document.GetProperty("runId").GetString();
        while (!condition())
        {
            await Task.Delay(Poll, _bound.Token);
            _hold = await JournalOutageAsync(service) ?? _hold;
            using var answer = await service.Http.GetAsync($"/api/runs/{runId}", _bound.Token);
            if (answer.IsSuccessStatusCode)
            {
                _document = await answer.Content.ReadFromJsonAsync<JsonElement>(RequestJson.Options, _bound.Token);
                _hold = Hold() ?? _hold;
                if (IsOver && !"completed".Equals(_document.GetProperty("state").GetString(), StringComparison.OrdinalIgnoreCase))
                {
                    throw new ShouldAssertException($"the run ended as {_document.GetProperty("state")}: {Report.Reason}");
                }
            }
            else
            {
                _refusal = await answer.Content.ReadAsStringAsync(_bound.Token);
            }
        }
    }

    /// <summary>What the run says that it waits for; null where it says nothing.</summary>
    private string? Hold() => _document.GetProperty("report").GetProperty("steps").EnumerateArray()
        .Select(step => step.TryGetProperty("hold", out var hold) ? hold.GetProperty("waitsFor").GetString() : null)
        .FirstOrDefault(part => part is not null);

    /// <summary>A run cannot journal that it waits for the journal: readiness says so.</summary>
    private async Task<string?> JournalOutageAsync(RunningService service)
    {
        if (!_isOut || own.Part is not (OutageCases.SqliteJournal or OutageCases.PostgresJournal))
        {
            return null;
        }

        using var answer = await service.Http.GetAsync("/healthz/ready", _bound.Token);
        var checks = (await answer.Content.ReadFromJsonAsync<JsonElement>(RequestJson.Options, _bound.Token)).GetProperty("checks");
        return checks.GetProperty("journal").GetProperty("status").GetString() == "healthy" ? null : "journal";
    }

    /// <summary>From the first fact of a hold to the last.</summary>
    private TimeSpan? Held()
    {
        var facts = _document.GetProperty("timeline").EnumerateArray()
            .Where(fact => fact.GetProperty("what").GetString() is "step-held" or "step-released")
            .Select(fact => fact.GetProperty("at").GetDateTimeOffset()).ToList();
        return facts.Count > 1 ? facts.Max() - facts.Min() : null;
    }

    private bool IsOver => _document.TryGetProperty("endedAt", out var ended) && ended.ValueKind == JsonValueKind.String;

    private RunReport Report => _document.GetProperty("report").Deserialize<RunReport>(Lenient)!;

    private IReadOnlyList<RunReport.StepPart> Steps() => Report.Steps;

    private async Task VerifyAsync(OutageSetup setup, OutageReceivers receivers, RunningService service, DataContent data)
    {
        var report = Report;
        report.Outcome.ShouldBe("Completed");
        report.StoresAgree.ShouldBeTrue();
        report.Produced.ShouldBe(Records);
        Steps().ShouldAllBe(step => step.Attempts == 1 && step.Outcome == "Completed");
        foreach (var store in report.Stores)
        {
            (store.Inserted, store.DeadLettered, store.Found, store.Missing).ShouldBe((Records, 0, Records, 0), store.Name);
            store.Read.ShouldBe(store.Inserted + store.Skipped, store.Name);
            if (own.Part != OutageCases.Kafka)
            {
                store.Skipped.ShouldBe(0, store.Name); // these brokers have no idempotent producers: what is sent again lies there again
            }
        }

        var stored = new List<List<(string Email, string Otp)>>();
        foreach (var store in StepId.Stores)
        {
            stored.Add([.. (await (setup.Stored.GetValueOrDefault(store)?.Invoke() ?? data.StoreAsync(store))).Order()]);
        }

        stored.ShouldAllBe(rows => rows.Count == Records && rows.SequenceEqual(stored[0]));
        stored[0].Select(row => row.Email).Distinct().Count().ShouldBe(Records);
        var uncertain = (await service.Services.GetRequiredService<NotificationLedger>().CountAsync(report.RunId, _bound.Token))
            .GetValueOrDefault((ChannelNames.Slack, NotificationState.Uncertain));
        VerifyNotices(report.Notifications, receivers, uncertain);
    }

    /// <summary>
    /// Each mail once and each post once, but for those that were on their way when their own server went, or when their run
    /// broke off for want of its journal and their server took longer than the second that is left to them.
    /// </summary>
    private void VerifyNotices(RunReport.NotificationsPart told, OutageReceivers receivers, long uncertain)
    {
        var (mails, posts) = (receivers.Mails, receivers.Posts);
        var breaksOff = own.Part is OutageCases.SqliteJournal or OutageCases.PostgresJournal;
        mails.Count.ShouldBe(2 * Notified);
        mails.Values.ShouldAllBe(count => count == 1 || ((breaksOff || own.Part == OutageCases.Mail) && count == 2));
        mails.Values.Count(count => count > 1).ShouldBeLessThanOrEqualTo(MailsAtATime);
        (told.Mail.Sent, told.Mail.Failed).ShouldBe((2 * Notified, 0));
        posts.Values.ShouldAllBe(count => count <= 2);
        ((long)posts.Values.Sum()).ShouldBeInRange(2 * Notified - uncertain, 2 * Notified);
        (told.Slack.Sent + told.Slack.Failed).ShouldBe(2 * Notified);
        told.Slack.Failed.ShouldBe(uncertain);
        uncertain.ShouldBeLessThanOrEqualTo(breaksOff || own.Part == OutageCases.Slack ? 1 : 0); // a post whose answer was lost
    }

    /// <summary>The right to write PostgreSQL's journal, as the service's process has it.</summary>
    private sealed class Journal : IAsyncDisposable
    {
        private JournalAccess? _access;
        private DataDirectory? _data;

        public async Task OpenAsync(OtpActorsOptions options, string root, CancellationToken cancellationToken)
        {
            _data = DataDirectory.OpenReadOnly(root);
            _access = await JournalAccess.OpenAsync(options, _data, cancellationToken);
        }

        public void ShouldBeOurs() => _access?.WhyLost.ShouldBeNull();

        public async ValueTask DisposeAsync()
        {
            if (_access is not null)
            {
                await _access.DisposeAsync();
            }

            _data?.Dispose();
        }
    }
}
