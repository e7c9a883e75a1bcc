using System.Text.Json;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels;

public class CapturedSlackSenderSpecs : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly TempDirectory _slack = new();

    public void Dispose()
    {
        _slack.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_message_tells_the_channel_address_and_password()
    {
        var message = Message("jane@example.com", "0012345");
        (await Send(message)).ShouldBe(new SendResult(SendOutcome.Accepted, "in the Slack capture"));

        _slack.Names().ShouldBe([$"{message.Id}.json"]);
        var payload = Payload(message);
        payload.GetProperty("channel").GetString().ShouldBe("#data-engineering");
        payload.GetProperty("username").GetString().ShouldBe("otp-actors");
        payload.GetProperty("text").GetString()
            .ShouldBe(":red_circle: New e-mail and OTP arrival\n:email: -> jane@example.com\n:ninja: -> 0012345");
    }

    [Fact]
    public async Task The_channel_need_not_see_the_password()
    {
        var message = Message("jane@example.com", "0012345");
        await Send(message, new SlackOptions { RevealOtp = false });
        (await File.ReadAllTextAsync(_slack.File($"{message.Id}.json"), Stop)).ShouldNotContain("0012345");
        Payload(message).GetProperty("text").GetString().ShouldEndWith("\n:ninja: -> ***");
    }

    [Theory]
    [InlineData("<!channel>", "&lt;!channel&gt;")]
    [InlineData("<@U123> & <https://example.com|x>", "&lt;@U123&gt; &amp; &lt;https://example.com|x&gt;")]
    [InlineData("&lt;", "&amp;lt;")]
    [InlineData("a\"b\\n", "a\"b\\n")]
    public async Task No_password_can_call_the_channel_or_make_a_link(string otp, string shown)
    {
        var message = Message("a&b@example.com", otp);
        await Send(message);
        Payload(message).GetProperty("text").GetString().ShouldEndWith($":email: -> a&amp;b@example.com\n:ninja: -> {shown}");
    }

    /// <summary>A text of a section is shown as it is, with and without a style; nothing else carries what others wrote.</summary>
    [Theory]
    [InlineData("*b*")]
    [InlineData("_x_")]
    [InlineData("~x~")]
    [InlineData("`x`")]
    [InlineData("```x")]
    [InlineData(":smile:")]
    [InlineData("https://example.com/x?y=1")]
    [InlineData("www.example.com")]
    [InlineData("<@U1>")]
    [InlineData("@here #general")]
    [InlineData("<!channel>")]
    [InlineData("&lt;&amp;")]
    [InlineData("> 1")]
    [InlineData("\\n\"'")]
    public async Task Slack_shows_an_address_and_a_password_as_they_are(string otp)
    {
        var message = Message("*a*_b_~c~`d`@example.com", otp);
        await Send(message);
        var payload = Payload(message);
        var block = payload.GetProperty("blocks").EnumerateArray().ShouldHaveSingleItem();
        block.GetProperty("type").GetString().ShouldBe("rich_text");
        var section = block.GetProperty("elements").EnumerateArray().ShouldHaveSingleItem();
        section.GetProperty("type").GetString().ShouldBe("rich_text_section");
        var pieces = section.GetProperty("elements").EnumerateArray()
            .Select(piece => (piece.GetProperty("type").GetString(), piece.GetProperty(piece.TryGetProperty("name", out _) ? "name" : "text").GetString())).ToList();
        pieces.ShouldBe(
        [
            ("emoji", "red_circle"), ("text", " New e-mail and OTP arrival\n"),
            ("emoji", "email"), ("text", " -> "), ("text", "*a*_b_~c~`d`@example.com"), ("text", "\n"),
            ("emoji", "ninja"), ("text", " -> "), ("text", otp),
        ]);
        section.GetProperty("elements").EnumerateArray().Last().GetProperty("style").GetProperty("code").GetBoolean().ShouldBeTrue();
        payload.GetProperty("mrkdwn").GetBoolean().ShouldBeFalse();
        payload.GetProperty("unfurl_links").GetBoolean().ShouldBeFalse();
        payload.GetProperty("unfurl_media").GetBoolean().ShouldBeFalse();
    }

    [Theory]
    [InlineData("0012345")]
    [InlineData(":ninja: -> 7")]
    public async Task A_capture_of_an_earlier_version_is_read_and_masked(string otp)
    {
        await File.WriteAllTextAsync(
            _slack.File("run1.mongo.slack.0.json"), $$"""{"channel":"#c","username":"u","text":":red_circle: New\nOTP: {{otp}}"}""", Stop);
        (await Sender().ReadAsync("run1", 10, Stop)).ShouldBe([":red_circle: New\nOTP: ***"]);
    }

    [Theory]
    [InlineData(":ninja: -> 0012345")]
    [InlineData("New\\n0012345")]
    public async Task A_text_of_another_form_is_masked_whole(string text)
    {
        await File.WriteAllTextAsync(
            _slack.File("run1.mongo.slack.0.json"), $$"""{"channel":"#c","username":"u","text":"{{text}}"}""", Stop);
        (await Sender().ReadAsync("run1", 10, Stop)).ShouldBe(["***"]);
    }

    [Fact]
    public async Task A_message_is_captured_once_however_often_it_is_sent()
    {
        await Send(Message("jane@example.com", "1"));
        (await Send(Message("jane@example.com", "2"))).ShouldBe(new SendResult(SendOutcome.Accepted, "already in the Slack capture"));
        Payload(Message("jane@example.com", "1")).GetProperty("text").GetString().ShouldEndWith("\n:ninja: -> 1");
    }

    [Theory]
    [InlineData("0012345")]
    [InlineData("OTP: 7 OTP:")]
    [InlineData(":ninja: -> 7 :ninja: ->")]
    public async Task A_report_shows_a_runs_messages_without_passwords(string otp)
    {
        for (var i = 0; i < 5; i++)
        {
            await Send(Message($"user{i}@example.com", otp));
        }

        await Send(Message("other@example.com", otp) with { RunId = "run10" });
        await File.WriteAllTextAsync(_slack.File(".run1.mongo.slack.0.json.x.tmp"), "{", Stop);

        var texts = await Sender().ReadAsync("run1", 100, Stop);
        texts.Count.ShouldBe(5);
        texts.ShouldAllBe(text => text.StartsWith(":red_circle: New e-mail and OTP arrival\n:email: -> user") && text.EndsWith("\n:ninja: -> ***"));
        (await Sender().ReadAsync("run1", 2, Stop)).ShouldBe(texts.Take(2));
    }

    [Fact]
    public async Task A_run_without_messages_reads_as_none()
    {
        (await Sender().ReadAsync("run1", 10, Stop)).ShouldBeEmpty();
        (await new CapturedSlackSender(_slack.File("none"), new SlackOptions()).ReadAsync("run1", 10, Stop))
            .ShouldBeEmpty();
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    public async Task A_damaged_capture_is_said_to_be_one(string content)
    {
        await File.WriteAllTextAsync(_slack.File("run1.mongo.slack.0.json"), content, Stop);
        await Should.ThrowAsync<NotificationException>(() => Sender().ReadAsync("run1", 10, Stop));
    }

    [Fact]
    public async Task A_capture_that_cannot_be_written_fails_the_channel_by_name()
    {
        var occupied = _slack.File("occupied");
        await File.WriteAllTextAsync(occupied, "", Stop);
        var exception = await Should.ThrowAsync<NotificationException>(() =>
            new CapturedSlackSender(occupied, new SlackOptions()).SendAsync(Message("jane@example.com", "0012345"), Stop));
        exception.Message.ShouldStartWith($"The Slack capture '{occupied}' cannot be written");
        exception.ToString().ShouldNotContain("0012345");
    }

    private static SlackMessage Message(string address, string otp) =>
        new("run1", "mongo", EmailAddress.Parse(address), OneTimePassword.Parse(otp));

    private CapturedSlackSender Sender(SlackOptions? options = null) => new(_slack.Path, options ?? new SlackOptions());

    private Task<SendResult> Send(SlackMessage message, SlackOptions? options = null) =>
        Sender(options).SendAsync(message, Stop);

    private JsonElement Payload(SlackMessage message) =>
        JsonDocument.Parse(File.ReadAllBytes(_slack.File($"{message.Id}.json"))).RootElement;
}
