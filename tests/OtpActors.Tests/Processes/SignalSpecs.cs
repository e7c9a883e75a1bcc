using OtpActors.Domain.Runs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Processes;

[Collection(OneAtATime.Name)]
public sealed class SignalSpecs : IDisposable
{
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(20);

    private readonly Workplace _at = new();

    private DataContent Data => _at.Data;

    public void Dispose() => _at.Dispose();

    [Fact]
    public async Task Told_to_terminate_a_run_keeps_what_it_has_and_says_how_to_go_on()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        const int records = 100_000;
        await using var process = _at.Start("run", "--count", $"{records}", "--notify", "10", "--json");
        (await process.UntilAsync(() => Data.TopicCount > 0)).ShouldBeTrue();
        process.Send(Signal.Terminate);
        var interrupted = (await process.EndAsync(Seconds)).ShouldExitWith(1);

        var report = interrupted.Report;
        interrupted.ShouldSay($"OtpActors run --resume {report.RunId} --data {Data.Root}");
        report.Outcome.ShouldBe("Interrupted");
        report.Produced.ShouldBeInRange(1, records - 1);
        ShouldBeCounted(report);

        ShouldBeWhole((await _at.RunAsync("run", "--resume", report.RunId, "--json")).ShouldExitWith(0).Report, records);
    }

    [Fact]
    public async Task Interrupted_between_two_records_a_run_goes_on_with_the_next_one()
    {
        Signals.SkipUnlessSent(Signal.Interrupt);
        const int records = 8;
        await using var process = _at.Start("run", "--interval", "200ms", "--duration", "1400ms");
        (await process.UntilAsync(() => Data.TopicCount >= 2)).ShouldBeTrue();
        process.Send(Signal.Interrupt);
        var interrupted = (await process.EndAsync(Seconds)).ShouldExitWith(1);

        var run = (await Data.RunsAsync()).ShouldHaveSingleItem();
        interrupted.ShouldSay($"OtpActors run --resume {run.RunId} --data {Data.Root}");
        interrupted.Output.ShouldContain($"run {run.RunId}: Interrupted");
        run.Report.Produced.ShouldBeInRange(2, records - 1);

        ShouldBeWhole((await _at.RunAsync("run", "--resume", run.RunId, "--json")).ShouldExitWith(0).Report, records);
        Data.Topic().ShouldBe(Enumerable.Repeat(("sample_email@my_email.com", "1234567"), records));
    }

    [Fact]
    public async Task Told_to_terminate_while_a_file_is_checked_nothing_is_produced()
    {
        Signals.SkipUnlessSent(Signal.Terminate);
        await WriteLargeFileAsync(_at.File("large.csv"));
        await using var process = _at.Start("run", "--from", "large.csv", "--json");
        (await process.UntilAsync(IsBeingCopied)).ShouldBeTrue();
        process.Send(Signal.Terminate);

        var ended = (await process.EndAsync(Seconds)).ShouldExitWith(1);

        ended.ShouldSay("nothing was produced");
        ended.Json.GetProperty("outcome").GetString().ShouldBe("notBegun");
        Data.TopicCount.ShouldBe(0);
        (await Data.RunsAsync()).ShouldBeEmpty();
        Directory.GetFiles(Data.File("inputs")).ShouldBeEmpty();
    }

    private bool IsBeingCopied() =>
        Directory.Exists(Data.File("inputs")) && new DirectoryInfo(Data.File("inputs")).GetFiles().Any(file => file.Length > 0);

    /// <summary>Large enough for a check of seconds, though one line repeats.</summary>
    private static async Task WriteLargeFileAsync(string path)
    {
        await using var file = File.CreateText(path);
        await file.WriteLineAsync("email,otp");
        var chunk = string.Concat(Enumerable.Repeat("somebody@example.com,1234567\n", 10_000));
        for (var i = 0; i < 300; i++)
        {
            await file.WriteAsync(chunk);
        }
    }

    /// <summary>What was dealt with is committed, and what is committed is counted.</summary>
    private void ShouldBeCounted(RunReport report)
    {
        foreach (var store in report.Stores)
        {
            store.Read.ShouldBe(store.Inserted + store.Skipped + store.DeadLettered, store.Name);
            Data.Committed(store.Name).ShouldBe(store.Read, store.Name);
        }
    }

    private void ShouldBeWhole(RunReport report, int records)
    {
        (report.Outcome, report.Produced).ShouldBe(("Completed", records));
        Data.TopicCount.ShouldBe(records);
        report.Stores.Select(store => store.Read).ShouldAllBe(read => read == records);
        ShouldBeCounted(report);
    }
}
