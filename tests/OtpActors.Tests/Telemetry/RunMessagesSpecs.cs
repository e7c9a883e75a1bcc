using OtpActors.Runs;
using OtpActors.Telemetry;
using Serilog;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Telemetry;

public class RunMessagesSpecs
{
    private readonly RunMessages _messages = new();
    private readonly ILogger _log;

    public RunMessagesSpecs() => _log = new LoggerConfiguration().WriteTo.Sink(_messages).CreateLogger();

    [Fact]
    public void A_line_with_a_run_is_kept_with_its_step_and_its_text_as_the_file_has_it()
    {
        _log.ForContext("RunId", "run-1").Warning("{Step}, attempt {Attempt}, waits for {Store}", "mongo-sink", 2, "mongo");
        _log.Information("Run {RunId} is suspended", "run-1");
        _log.Information("nothing about a run");

        var lines = _messages.Of("run-1");
        lines.Select(line => (line.Level.ToString(), line.Step, line.Attempt, line.Text)).ShouldBe(
        [
            ("Warning", "mongo-sink", 2, "mongo-sink, attempt 2, waits for mongo"), ("Information", null, null, "Run run-1 is suspended"),
        ]);
        lines[0].Number.ShouldBeLessThan(lines[1].Number);
        _messages.Of("run-2").ShouldBeEmpty();
    }

    [Fact]
    public void What_the_journal_or_the_audit_says_is_not_kept_twice()
    {
        _log.ForContext("RunId", "run-1").ForContext(RunSentences.Journaled, true).Information("produce, attempt 1, begins");
        _log.ForContext("SourceContext", AuditTrail.Category).Information("Run {RunId} is requested", "run-1");
        _messages.Of("run-1").ShouldBeEmpty();
    }

    [Fact]
    public void The_newest_lines_of_the_newest_runs_are_kept()
    {
        for (var n = 0; n < RunMessages.LinesOfRun + 3; n++)
        {
            _log.Information("Run {RunId}: {Number}", "first", n);
        }

        (_messages.Of("first").Count, _messages.Of("first")[0].Text).ShouldBe((RunMessages.LinesOfRun, "Run first: 3"));
        for (var n = 0; n < RunMessages.Runs; n++)
        {
            _log.Information("Run {RunId} begins", $"run-{n}");
        }

        _messages.Of("first").ShouldBeEmpty();
        _messages.Of("run-0").ShouldHaveSingleItem();
    }
}
