using System.Text.Json.Nodes;
using OtpActors.Tests.Api;
using OtpActors.Tests.Processes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.CommandLine.Services;

/// <summary>The verbs against a service in this process: documents, exit codes, and what they say where something is wrong.</summary>
[Collection(OneService.Name)]
public sealed class VerbSpecs : IAsyncLifetime
{
    private const string Canary = "canary-5up3r-s3cret";

    private readonly Workplace _at = new();
    private ApiService? _service;

    private ApiService Service => _service.ShouldNotBeNull();

    public async ValueTask InitializeAsync() => _service = await ApiService.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _at.Dispose();
    }

    [Fact]
    public async Task With_json_the_APIs_document_is_printed()
    {
        (await Service.PostAsync("/api/otps", """[{"email":"ann@example.com","otp":"1"},{"email":"joe@example.com","otp":"2"}]""")).ShouldBe(201);
        foreach (var (line, path) in new[]
        {
            ("notifications", "/api/notifications"), ("topics", "/api/topics"), ("topics email_topic", "/api/topics/email_topic"),
            ("topics email_topic --records --newest", "/api/topics/email_topic/records?order=newest"), ("dead-letters", "/api/dead-letters"),
            ("schedules", "/api/schedules"), ("schedules show daily", "/api/schedules/daily"),
            ($"config show --server {Service.Url}", "/api/config"), ($"health --ready --url {Service.Url}", "/healthz/ready"),
        })
        {
            var printed = JsonNode.Parse((await RunAsync($"{line} --json")).ShouldExitWith(0).Output);
            JsonNode.DeepEquals(printed, JsonNode.Parse((await Service.GetAsync(path)).Text)).ShouldBeTrue($"{line}: {printed}");
        }

        // The same form from a service and from the data directory.
        await Service.UntilAsync(await Service.StartRunAsync("""{"topic":"news","interval":"1ms","duration":"2ms"}"""), run => run.IsOver);
        string[] lines = ["find ann@example.com --json", "notifications --limit 3 --json", "runs --json"];
        var asked = await Task.WhenAll(lines.Select(async line => (await RunAsync(line)).Output));
        asked[1].ShouldContain("accepted");
        await Service.StopAsync();
        var read = await Task.WhenAll(lines.Select(async line => (await RunAsync(line)).Output));
        read.ShouldBe(asked);
        await Service.StartAsync();
    }

    [Fact]
    public async Task A_list_is_read_in_as_many_pages_as_it_takes_and_goes_on_at_its_next()
    {
        var records = string.Join(',', Enumerable.Range(0, 700).Select(n => $$"""{"email":"user{{n}}@example.com","otp":"{{n}}"}"""));
        (await Service.PostAsync("/api/otps", $"[{records}]")).ShouldBe(201);

        var list = (await RunAsync("topics email_topic --records --limit 600 --json")).ShouldExitWith(0);
        list.Items.Count.ShouldBe(600);
        var rest = (await RunAsync($"topics email_topic --records --limit 600 --cursor {list.Json.GetProperty("next").GetString()} --json")).ShouldExitWith(0);
        rest.Items.Select(item => item.GetProperty("offset").GetInt32()).ShouldBe(Enumerable.Range(600, 100));
        rest.Json.TryGetProperty("next", out _).ShouldBeFalse();
        var newest = (await RunAsync("topics email_topic --records --newest --offset 650 --limit 600 --json")).ShouldExitWith(0);
        newest.Items.Select(item => item.GetProperty("offset").GetInt32()).ShouldBe(Enumerable.Range(51, 600).Reverse());
    }

    [Fact]
    public async Task A_password_is_read_from_a_file_or_standard_input_and_made_where_it_is_left_out()
    {
        _at.Write("otp.txt", Canary, "and more");
        (await RunAsync("publish ann@example.com --otp-file otp.txt")).ShouldExitWith(0).Output.Trim().ShouldBe("1 record published to email_topic.");
        (await RunAsync("publish ann@example.com --otp-file -", $"{Canary}\n")).ShouldExitWith(0);
        (await RunAsync("publish ann@example.com --topic other")).ShouldExitWith(0).Output.Trim().ShouldBe("1 record published to other.");

        var passwords = Service.Data.Topic().Select(record => record.Otp).ToList(); // of both topics
        passwords.Count(otp => otp == Canary).ShouldBe(2);
        passwords.Where(otp => otp != Canary).ShouldHaveSingleItem().Length.ShouldBe(7);
    }

    [Fact]
    public async Task Records_of_a_file_are_published_once_a_key_all_or_none()
    {
        _at.Write("good.csv", "email,otp", "ann@example.com,1", "joe@example.com,2");
        _at.Write("bad.csv", "email,otp", "ann@example.com,1", $"{Canary},joe@example.com");
        (await RunAsync("publish --records good.csv --idempotency-key k")).ShouldExitWith(0).Output.Trim().ShouldBe("2 records published to email_topic.");
        (await RunAsync("publish --records good.csv --idempotency-key k")).ShouldExitWith(0).Output.Trim()
            .ShouldBe("2 records published to email_topic before, under the same key.");
        (await RunAsync("publish ann@example.com --idempotency-key k")).ShouldExitWith(2).ShouldSay("Use a new key");
        var bad = (await RunAsync("publish --records bad.csv")).ShouldExitWith(2).ShouldSay("'bad.csv', line 3: ", "Nothing was sent.");
        bad.Error.ShouldNotContain(Canary);
        Service.Data.Topic().Count.ShouldBe(2);
    }

    [Fact]
    public async Task Commands_come_from_a_file_or_standard_input()
    {
        _at.Write("run.json", "\uFEFF{\"topic\":\"news\",\"count\":1,\"notify\":\"none\"}");
        (await RunAsync("command run.json")).ShouldExitWith(0).Output.Trim().ShouldBe("command otp_commands/0@0, run otp_commands-0-0");
        (await RunAsync("command --json", """{"topic":"news","count":1,"notify":"none"}""")).ShouldExitWith(0).Json.GetProperty("runId").GetString()
            .ShouldBe("otp_commands-0-1");
        (await RunAsync("command", "[]")).ShouldExitWith(2).ShouldSay("The command is no JSON object.");
        (await RunAsync("command", "")).ShouldExitWith(2).ShouldSay("The command is empty.");
        (await RunAsync("command none.json")).ShouldExitWith(2).ShouldSay("'none.json' cannot be read");
    }

    [Fact]
    public async Task A_schedule_is_set_with_what_its_runs_are()
    {
        _at.Write("otp.txt", Canary);
        var set = (await RunAsync(
            "schedules set nightly --cron=@daily --time-zone Europe/Berlin --overlap skip --catch-up 2h --paused --topic news --email ann@example.com "
            + "--otp-file otp.txt --interval 1s --duration 5s --window 10s --notify none --deadline 1h --json")).ShouldExitWith(0);
        set.Output.ShouldNotContain(Canary);
        var request = set.Json.GetProperty("request");
        (request.GetProperty("topic").GetString(), request.GetProperty("email").GetString(), request.GetProperty("deadline").GetString())
            .ShouldBe(("news", "a***@example.com", "01:00:00"));
        (set.Json.GetProperty("enabled").GetBoolean(), set.Json.GetProperty("catchUp").GetString(), set.Json.GetProperty("overlap").GetString())
            .ShouldBe((false, "02:00:00", "skip"));

        (await RunAsync("schedules set nightly --new --cron=@daily")).ShouldExitWith(1).ShouldSay("`OtpActors schedules set` replaces one.");
        (await RunAsync("schedules set nightly --cron=never")).ShouldExitWith(2).ShouldSay("cron");
        (await RunAsync("schedules delete nightly --json")).ShouldExitWith(0).Json.GetProperty("name").GetString().ShouldBe("nightly");
        (await RunAsync("schedules pause nightly")).ShouldExitWith(2).ShouldSay("There is no such schedule. `OtpActors schedules` lists them.");
    }

    [Theory]
    [InlineData("topics none", "There is no such topic. `OtpActors topics` lists them.")]
    [InlineData("topics --records", "--records needs the NAME of a topic")]
    [InlineData("topics email_topic --newest", "--newest is for a topic's records: add --records.")]
    [InlineData("topics email_topic --limit 5", "--limit is for lists: add --records, or leave out the NAME.")]
    [InlineData("topics --limit 0", "--limit: 0 is not above 0.")]
    [InlineData("topics --cursor a/b", "cursor: it must be the next of the page before.")]
    [InlineData("runs --log", "--log goes with the ID of a run.")]
    [InlineData("runs --follow", "--follow goes with the ID of a run.")]
    [InlineData("runs none --log", "There is no run 'none'. `OtpActors runs` lists them.")]
    [InlineData("runs none --log --follow", "--follow does not go with --log.")]
    [InlineData("runs none --limit 3", "--limit is for lists: add --log, or leave out the ID.")]
    [InlineData("runs none --topic news", "--topic is for the list of runs: leave it out, or leave out the ID.")]
    [InlineData("again none", "There is no run 'none'. `OtpActors runs` lists them.")]
    [InlineData("notifications --state sent", "--state: it must be of intent, accepted, failed, uncertain, deferred.")]
    [InlineData("notifications --channel fax", "--channel: it must be of mail, slack.")]
    [InlineData("notifications --limit 0", "--limit: 0 is not above 0.")]
    [InlineData("dead-letters --topic none", "There is no such topic. `OtpActors topics` lists them.")]
    [InlineData("dead-letters redrive", "Say which letters: either --all or --letter PARTITION@OFFSET.")]
    [InlineData("dead-letters redrive --all --letter 0@1", "Say which letters: either --all or --letter PARTITION@OFFSET.")]
    [InlineData("dead-letters redrive --letter 0@1 --cursor 0-1", "--cursor goes with --all.")]
    [InlineData("dead-letters redrive --letter 7", "--letter: '7' is not PARTITION@OFFSET, as 0@12.")]
    [InlineData("publish", "publish needs an EMAIL, or --records FILE.")]
    [InlineData("publish nobody", "email: ")]
    [InlineData("publish a@b.c --records people.csv", "leave out the EMAIL.")]
    [InlineData("publish --records none.csv", "There is no file 'none.csv'.")]
    [InlineData("publish a@b.c --otp-file none.txt", "--otp-file: none.txt cannot be read: ")]
    [InlineData("publish a@b.c --topic otp_commands", "otp_commands belongs to the commands")]
    [InlineData("schedules show none", "There is no such schedule. `OtpActors schedules` lists them.")]
    [InlineData("schedules set nightly", "--cron")]
    [InlineData("find nobody", "'nobody': ")]
    public async Task What_is_wrong_is_said_in_a_sentence(string line, string says)
    {
        (await Service.PostAsync("/api/otps", """{"email":"ann@example.com"}""")).ShouldBe(201);
        var ended = (await RunAsync(line)).ShouldExitWith(2).ShouldSay(says);
        ended.Output.ShouldBeEmpty();
        ended.ErrorLines.Count(each => !each.StartsWith("See: OtpActors", StringComparison.Ordinal)).ShouldBe(1, ended.ToString());
    }

    [Fact]
    public async Task What_is_empty_is_a_remark_beside_standard_output()
    {
        (await Service.PostAsync("/api/otps", """{"email":"ann@example.com"}""")).ShouldBe(201);
        (await Service.SendAsync(HttpMethod.Delete, "/api/schedules/daily", null)).ShouldBe(204);
        foreach (var (line, says) in new[]
        {
            ("topics email_topic --records --offset 9", "No records there: partition 0 of email_topic holds the offsets 0 to 0."),
            ("notifications", $"No notifications at {Service.Url}."),
            ("notifications none --channel mail", $"No notifications of this kind of run none at {Service.Url}."),
            ("dead-letters", "No dead letters of email_topic in partition 0."),
            ("schedules", $"No schedules at {Service.Url}."),
        })
        {
            var ended = (await RunAsync(line)).ShouldExitWith(0).ShouldSay(says);
            ended.Output.ShouldBeEmpty();
        }

        (await RunAsync("dead-letters redrive --letter 0@9")).ShouldExitWith(1).ShouldSay("0@9: no letter lies there");
    }

    private Task<Ended> RunAsync(string line, string? input = null) => _at.RunBareAsync(
        line.Split(' '), input, new Dictionary<string, string> { ["OtpActors__Data"] = Service.Options.Data });
}
