using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Fakes;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Journal;

/// <summary>What every store of schedules promises.</summary>
public abstract class ScheduleStoreContract
{
    private static readonly DateTimeOffset Now = RunDriver.Start;

    private static readonly ScheduleState Daily = ScheduleState.New(ScheduleDefinition.Daily, Now);

    private static readonly ScheduleState Full = new(
        new ScheduleDefinition
        {
            Name = "full",
            Cron = "*/5 * * * * *",
            TimeZone = "Europe/Berlin",
            Request = new RunRequest
            {
                Topic = "news",
                Records = [new OtpInput { Email = "jane@example.com", Otp = "0042" }, new OtpInput { Email = "joe@example.com" }],
                Window = TimeSpan.FromDays(1.5),
                Notify = new NotifyLimit((long?)null),
            },
            Overlap = OverlapPolicy.CancelOther,
            CatchUp = TimeSpan.FromDays(2),
            Enabled = true,
        },
        Now)
    {
        LastDue = Now.AddHours(-1),
        LastRunId = "full-20310517-073000",
        Missed = 7,
        LastMissed = Now.AddHours(-2),
    };

    protected abstract IScheduleStore Store { get; }

    [Fact]
    public async Task What_is_there_first_is_put_in_once()
    {
        (await Store.OpenAsync([Daily])).ShouldHaveSingleItem().Definition.Cron.ShouldBe("@daily");
        await Store.DeleteAsync("daily");
        (await Store.OpenAsync([Daily])).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_schedule_comes_back_as_it_was_saved()
    {
        await Store.OpenAsync([Daily]);
        await Store.SaveAsync(Full with { Missed = 1 });
        await Store.SaveAsync(Full);
        var states = await Store.OpenAsync([]);
        states.Select(state => state.Name).ShouldBe(["daily", "full"]);
        var back = states[1];
        (back with { Definition = Full.Definition }).ShouldBe(Full);
        (back.Definition with { Request = Full.Definition.Request }).ShouldBe(Full.Definition);
        RunRequests.FingerprintOf(back.Definition.Request).ShouldBe(RunRequests.FingerprintOf(Full.Definition.Request));
    }

    [Fact]
    public async Task An_alert_is_the_first_of_its_key_once()
    {
        (await Store.NoteAlertAsync("a", Now)).ShouldBeTrue();
        (await Store.NoteAlertAsync("a", Now.AddHours(1))).ShouldBeFalse();
        (await Store.NoteAlertAsync("b", Now)).ShouldBeTrue();
    }
}

public class FakeScheduleStoreSpecs : ScheduleStoreContract
{
    protected override IScheduleStore Store { get; } = new FakeScheduleStore();
}

public sealed class SqliteScheduleStoreSpecs : ScheduleStoreContract, IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteScheduleStore _store;

    public SqliteScheduleStoreSpecs() => _store = new SqliteScheduleStore(_directory.File("schedules.db"));

    protected override IScheduleStore Store => _store;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task What_is_kept_is_there_after_a_restart_and_its_users_alone()
    {
        await Store.OpenAsync([ScheduleState.New(ScheduleDefinition.Daily, RunDriver.Start)]);
        await Store.NoteAlertAsync("a", RunDriver.Start);
        await _store.DisposeAsync();
        await using var again = new SqliteScheduleStore(_directory.File("schedules.db"));
        (await again.OpenAsync([])).ShouldHaveSingleItem().HandledUntil.ShouldBe(RunDriver.Start);
        (await again.NoteAlertAsync("a", RunDriver.Start)).ShouldBeFalse();
        (await again.NoteAlertAsync("b", RunDriver.Start.AddDays(40))).ShouldBeTrue();
        (await again.NoteAlertAsync("a", RunDriver.Start.AddDays(40))).ShouldBeTrue("old alerts are forgotten");
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(_directory.File("schedules.db")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
