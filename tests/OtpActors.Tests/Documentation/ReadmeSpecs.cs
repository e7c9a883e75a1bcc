using System.Globalization;
using System.Text.Json;
using OtpActors.CommandLine;
using OtpActors.Tests.Deployment;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Documentation;

/// <summary>README's commands, taken from its text, do in a clean clone what it says of them.</summary>
[Collection(OneAtATime.Name)]
public sealed class ReadmeSpecs
{
    private static readonly Document Readme = new("README.md");

    /// <summary>Looks at a run that takes seconds: far more than it needs, so that one that hangs ends the spec.</summary>
    private const int MostAsked = 480;

    /// <summary>What becomes of each command here, in README's order. One that is not listed fails the first of these specs.</summary>
    private static readonly (string Begins, Kind Kind)[] Known =
    [
        ("dotnet run -c Release --project src/OtpActors -- run", Kind.Run),
        ("dotnet test", Kind.TheSuiteItself),
        ("dotnet run -c Release --project src/OtpActors", Kind.Serve),
        ("curl -X POST localhost:8080/api/runs", Kind.Ask),
        ("curl -X POST localhost:8080/api/otps", Kind.Ask),
        ("deploy/make-env.sh", Kind.Run),
        ("docker compose up --detach --build", Kind.NeedsDocker),
        ("curl -H \"X-Api-Key: $(cat deploy/secrets/api-key)\"", Kind.NeedsDocker),
    ];

    private enum Kind
    {
        Run,
        Serve,
        Ask,

        /// <summary>Running it from itself would not end; <c>.ci/run</c> does.</summary>
        TheSuiteItself,

        /// <summary>There is no engine; <c>ComposeSpecs</c> and those beside it look at what it would be given.</summary>
        NeedsDocker,
    }

    [Fact]
    public void Every_command_is_known_and_run_or_left_out_for_a_reason()
    {
        Readme.Commands.Count.ShouldBe(Known.Length, string.Join('\n', Readme.Commands));
        foreach (var (command, known) in Readme.Commands.Zip(Known))
        {
            command.ShouldStartWith(known.Begins);
        }

        Repository.Text(".ci/run").ShouldContain($"\n{Of(Kind.TheSuiteItself).Single()}");
        Of(Kind.NeedsDocker).ShouldAllBe(command => command.Contains("docker", StringComparison.Ordinal) || command.Contains("deploy/secrets", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_call_of_the_program_in_the_documentation_is_one_it_takes()
    {
        var calls = Document.All.SelectMany(path => new Document(path).Calls.Select(call => (path, call))).ToList();
        calls.Count.ShouldBeGreaterThan(20);
        foreach (var (path, call) in calls)
        {
            var words = call.Split('|', '>')[0].Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal)
                .Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Cli.Create().Parse(words).Errors.ShouldBeEmpty($"{path}: OtpActors {call}");
        }
    }

    [Fact]
    public async Task The_commands_do_in_a_clean_clone_what_is_said_of_them()
    {
        using var clone = await CleanClone.MakeAsync();
        var commands = Of(Kind.Run);

        // "dotnet run … run": five records in 20 s; all of it in ./data, the mails in data/outbox; and the table that is shown.
        var said = await clone.RunAsync(commands[0]);
        var table = Readme.Shown.Single(block => block.Contains("dead-lettered", StringComparison.Ordinal));
        said.ReplaceLineEndings("\n").ShouldContain(table);
        said.ShouldContain("Completed, both stores hold every address that was produced");
        var data = new DataContent(clone.PathOf("data"));
        (data.TopicCount, data.StoreCount("cassandra"), data.StoreCount("mongo")).ShouldBe((5, 1, 1));
        data.Mails().Select(mail => mail.To.ToString()).ShouldBe(["sample_email@my_email.com", "sample_email@my_email.com"]);
        Directory.Exists(clone.PathOf("src/OtpActors/data")).ShouldBeFalse();

        // "dotnet run …": serves, data in ./data; then what is asked of it.
        using var service = clone.Start(Of(Kind.Serve).Single());
        await service.UntilItSaysAsync("Serving from ");
        var serving = service.Error[service.Error.IndexOf("Serving from ", StringComparison.Ordinal)..];
        serving.ShouldStartWith($"Serving from {data.Root} at ");
        var place = serving[(serving.IndexOf("http://", StringComparison.Ordinal) + "http://".Length)..].Split(';')[0];
        var answers = new List<JsonElement>();
        foreach (var ask in Of(Kind.Ask))
        {
            answers.Add(JsonDocument.Parse(await clone.RunAsync(ask.Replace("localhost:8080", place, StringComparison.Ordinal))).RootElement);
        }

        var id = answers[0].GetProperty("runId").GetString()!;
        answers[1].GetProperty("count").GetInt32().ShouldBe(1);
        async Task<string?> StateAsync() =>
            JsonDocument.Parse(await clone.RunAsync($"curl --silent --fail {place}/api/runs/{id}")).RootElement.GetProperty("state").GetString();
        var state = await StateAsync();
        for (var asked = 0; state is not ("completed" or "failed" or "incomplete") && asked < MostAsked; asked++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), TestContext.Current.CancellationToken);
            state = await StateAsync();
        }

        state.ShouldBe("completed", service.Error);

        Signals.Send(int.Parse(await File.ReadAllTextAsync(clone.PathOf("data/pid"), TestContext.Current.CancellationToken), CultureInfo.InvariantCulture), Signal.Terminate);
        await service.EndAsync();
        service.ExitCode.ShouldBe(0, service.Error);
        data.StoreCount("cassandra").ShouldBeGreaterThanOrEqualTo(1_001);

        // "deploy/make-env.sh": passwords, keys, certificates.
        await clone.RunAsync(commands[1]);
        File.Exists(clone.PathOf(".env")).ShouldBeTrue();
        Directory.GetFiles(clone.PathOf("deploy/secrets")).Length.ShouldBe(5);
    }

    private static IReadOnlyList<string> Of(Kind kind) =>
        [.. Readme.Commands.Zip(Known).Where(pair => pair.Item2.Kind == kind).Select(pair => pair.Item1)];
}
