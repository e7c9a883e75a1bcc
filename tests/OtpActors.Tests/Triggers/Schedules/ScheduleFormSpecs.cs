using System.Text.Json;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;
using OtpActors.Hosting;
using OtpActors.Triggers;
using OtpActors.Triggers.Schedules;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers.Schedules;

public class ScheduleFormSpecs
{
    private const string Password = "s3cret-0042";

    [Fact]
    public void What_is_left_out_is_the_tutorials_run_in_UTC_without_catch_up()
    {
        var definition = Define("""{"name":"nightly","cron":" @daily "}""");
        (definition.Name, definition.Cron, definition.TimeZone, definition.Overlap, definition.CatchUp, definition.Enabled)
            .ShouldBe(("nightly", "@daily", "UTC", OverlapPolicy.Wait, TimeSpan.Zero, true));
        RunRequests.FingerprintOf(definition.Request).ShouldBe(RunRequests.FingerprintOf(new RunRequest()));
    }

    [Theory]
    [InlineData("{}", "name")]
    [InlineData("""{"name":"a b","cron":"@daily"}""", "name")]
    [InlineData("""{"name":"../a","cron":"@daily"}""", "name")]
    [InlineData("""{"name":"a"}""", "cron")]
    [InlineData("""{"name":"a","cron":"0 0 30 2 *"}""", "cron")]
    [InlineData("""{"name":"a","cron":"@daily","timeZone":"Mars/Base"}""", "timeZone")]
    [InlineData("""{"name":"a","cron":"@daily","catchUp":"200h"}""", "catchUp")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"overlap":"skip"}}""", "request.overlap")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"topic":"no topic"}}""", "request.topic")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"topic":"otp_commands"}}""", "request.topic")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"topic":"otp_commands.dlq"}}""", "request.topic")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"topic":"email_topic.dlq"}}""", "request.topic")]
    [InlineData("""{"name":"a","cron":"H 2 * * *"}""", "cron")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"count":0}}""", "request.count")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"email":"nobody"}}""", "request.email")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"otp":"***"}}""", "request.otp")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"records":[{"email":"jane@example.com","otp":"***"}]}}""", "request.records[0].otp")]
    [InlineData("""{"name":"a","cron":"@daily","request":{"records":[{"email":"jane"}]}}""", "request.records[0].email")]
    public void What_is_wrong_is_told_by_its_field(string form, string field) =>
        Should.Throw<RunRequestException>(() => Define(form)).Field.ShouldBe(field);

    [Fact]
    public void The_name_in_the_address_counts()
    {
        Define("""{"cron":"@daily"}""", "a").Name.ShouldBe("a");
        Should.Throw<RunRequestException>(() => Define("""{"name":"b","cron":"@daily"}""", "a")).Field.ShouldBe("name");
    }

    [Fact]
    public void What_is_shown_holds_no_password_and_no_address_and_can_be_put_back()
    {
        var kept = Define("""
            {"name":"a","cron":"@daily","enabled":false,"request":{"topic":"news","records":[
              {"email":"jane.doe@example.com","otp":"s3cret-0042"},{"email":"joe@example.com"}]}}
            """);
        var shown = JsonSerializer.Serialize(RequestMask.Mask(kept.Request), RequestJson.Options);
        shown.ShouldNotContain(Password);
        shown.ShouldNotContain("jane.doe");
        shown.ShouldContain("j***@example.com");

        var back = Define($$"""{"cron":"@hourly","request":{{shown}}}""", "a", kept);
        (back.Cron, back.Enabled).ShouldBe(("@hourly", false));
        RunRequests.FingerprintOf(back.Request).ShouldBe(RunRequests.FingerprintOf(kept.Request));
    }

    [Fact]
    public void The_one_address_and_its_password_can_be_put_back_or_replaced()
    {
        var kept = Define("""{"name":"a","cron":"@daily","request":{"email":"jane.doe@example.com","otp":"s3cret-0042"}}""");
        var back = Define("""{"cron":"@daily","request":{"email":"j***@example.com","otp":"***"}}""", "a", kept).Request;
        (back.Email, back.Otp).ShouldBe(("jane.doe@example.com", Password));
        var other = Define("""{"cron":"@daily","request":{"email":"joe@example.com","otp":"new"}}""", "a", kept).Request;
        (other.Email, other.Otp).ShouldBe(("joe@example.com", "new"));
    }

    private static ScheduleDefinition Define(string json, string? name = null, ScheduleDefinition? current = null) =>
        JsonSerializer.Deserialize<ScheduleForm>(json, RequestJson.Options)!.ToDefinition(name, current, new OtpActorsOptions().RunDefaults);
}
