using OtpActors.Infrastructure.Topics;
using OtpActors.Tests.Api;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Golden;

/// <summary>What the commands that ask a service show in a real terminal, and write to a pipe.</summary>
[Collection(OneService.Name)]
public sealed class ServiceScreenSpecs : IAsyncLifetime
{
    private const string Schedule = "every-night-in-buenos-aires";
    private const string Topic = "one-time-passwords-of-customers";

    private readonly TempDirectory _at = new();
    private ApiService? _service;

    public static TheoryData<string, int, int> Screens => new MatrixTheoryData<string, (int Width, int Height)>(
            ["topics", "topic", "dead-letters", "schedules"], [(80, 24), (120, 40), (40, 20)])
        .Select(row => (row.Data.Item1, row.Data.Item2.Width, row.Data.Item2.Height)) is var rows ? [.. rows] : [];

    private Dictionary<string, string> Environment => new() { ["OtpActors__Data"] = _service!.Options.Data };

    public async ValueTask InitializeAsync()
    {
        _service = await ApiService.StartAsync(options => options.Triggers.Commands.Enabled = false);
        var records = Enumerable.Range(0, 1_234).Select(n => ($"user{n}@example.com", (string?)"1234567", (IReadOnlyDictionary<string, string>?)null));
        await TopicSpecs.AppendAsync(_service, Topic, [.. records]);
        await TopicSpecs.AppendAsync(_service, "email_topic", ("somebody.with.a.name@mail.example.com", "1234567", null));
        await TopicSpecs.AppendAsync(
            _service, $"{Topic}.dlq",
            ("user7@example.com", "1234567", Letter(7, "cassandra-sink", "the store refuses it")),
            ("nobody", "1234567", Letter(1_041, "mongo-sink", "the key is no address: it has no @, and so nobody can be told by it who is to have the password")),
            ("user9@example.com", null, null));
        (await _service.SendAsync(
            HttpMethod.Put, $"/api/schedules/{Schedule}", """{"cron":"30 2 * * *","timeZone":"America/Argentina/Buenos_Aires","enabled":false}""")).ShouldBe(201);
    }

    public async ValueTask DisposeAsync()
    {
        await _service!.DisposeAsync();
        _at.Dispose();
    }

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task A_list_fits_the_terminal_and_no_name_is_broken(string screen, int width, int height)
    {
        await using var terminal = await TmuxTerminal.StartAsync(_at.Path, width, height, Arguments(screen), Environment);
        (await terminal.EndAsync()).ShouldBe(0);

        var lines = await terminal.LinesAsync();
        lines.ShouldAllBe(line => line.Length <= width);
        var name = screen switch { "schedules" => Schedule, "dead-letters" => "0@1", _ => Topic };
        lines.Skip(1).ShouldContain(line => line.Contains(name), "whole, in one line");
        GoldenScreen.ShouldBe(lines, $"{screen}-{width}x{height}");
    }

    [Theory]
    [InlineData("topics")]
    [InlineData("topic")]
    [InlineData("dead-letters")]
    [InlineData("schedules")]
    public async Task A_list_in_a_pipe_is_columns_and_nothing_else(string screen)
    {
        await using var process = OtpActorsProcess.Start(_at.Path, Arguments(screen), environment: Environment);
        var lines = (await process.EndAsync()).ShouldExitWith(0).Output.TrimEnd('\n').Split('\n');

        if (screen != "topic") // for people, in a file too
        {
            lines.Select(line => line.Split('\t').Length).Distinct().ShouldHaveSingleItem();
        }

        GoldenScreen.ShouldBe(lines, $"{screen}-piped");
    }

    private static string[] Arguments(string screen) => screen switch
    {
        "topic" => ["topics", Topic],
        "dead-letters" => [screen, "--topic", Topic],
        _ => [screen],
    };

    private static Dictionary<string, string> Letter(long offset, string sink, string reason) => new()
    {
        [DeadLetters.TopicHeader] = Topic,
        [DeadLetters.PartitionHeader] = "0",
        [DeadLetters.OffsetHeader] = $"{offset}",
        [DeadLetters.SinkHeader] = sink,
        [DeadLetters.ReasonHeader] = reason,
    };
}
