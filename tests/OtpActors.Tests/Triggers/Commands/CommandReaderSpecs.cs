using System.Text;
using OtpActors.Domain.Runs;
using OtpActors.Triggers.Commands;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers.Commands;

public class CommandReaderSpecs
{
    private const string Canary = "s3cret-canary";

    [Fact]
    public void A_command_has_every_field_of_a_run_request_and_a_time()
    {
        var command = Read("""
            {"topic":"news","email":"jane@example.com","otp":"0042","interval":"500ms","notify":"none","overlap":"skip","notAfter":"2031-05-17T10:30:00+02:00"}
            """);
        (command.Topic, command.Email, command.Otp, command.Overlap).ShouldBe(("news", "jane@example.com", "0042", OverlapPolicy.Skip));
        command.Interval.ShouldBe(TimeSpan.FromMilliseconds(500));
        command.Notify!.Addresses.ShouldBe(0);
        command.NotAfter.ShouldBe(new DateTimeOffset(2031, 5, 17, 8, 30, 0, TimeSpan.Zero));
    }

    [Fact]
    public void An_empty_object_asks_for_the_usual_run() => Read("{}").NotAfter.ShouldBeNull();

    [Theory]
    [InlineData("", "the command is empty")]
    [InlineData("null", "the command is no JSON object")]
    [InlineData("[]", "the command is no JSON object")]
    [InlineData("\"s3cret-canary\"", "the command is no JSON object")]
    [InlineData("{\"otp\":\"s3cret-canary\"", "the command is not JSON that can be read: line 1, byte")]
    [InlineData("s3cret-canary", "the command is not JSON that can be read: line 1, byte 1")]
    [InlineData("{\"s3cret-canary\":1}", "a field is not known: line 1, byte")]
    [InlineData("{\"records\":[{\"s3cret-canary\":1}]}", "a field is not known: line 1, byte")]
    [InlineData("{\"otp\":\"s3cret-canary\",\"otp\":\"s3cret-canary\"}", "a field is there more than once: line 1, byte")]
    [InlineData("{\"count\":\"s3cret-canary\"}", "count: the value has the wrong type")]
    [InlineData("{\"records\":[{\"otp\":5}]}", "records[0].otp: the value has the wrong type")]
    [InlineData("{\"overlap\":\"s3cret-canary\"}", "overlap: the value has the wrong type")]
    [InlineData("{\"interval\":\"s3cret-canary\"}", "interval: must be a length of time above zero: write 500ms, 5s, 2m, 1h, 00:00:05 or PT5S.")]
    [InlineData("{\"notAfter\":\"s3cret-canary\"}", "notAfter: must be a time with its offset, as 2031-05-17T08:30:00Z.")]
    [InlineData("{\"notAfter\":\"2031-05-17T08:30:00\"}", "notAfter: must be a time with its offset, as 2031-05-17T08:30:00Z.")]
    [InlineData("{\"notAfter\":\"2031-05-17\"}", "notAfter: must be a time with its offset, as 2031-05-17T08:30:00Z.")]
    [InlineData("{\"notAfter\":\"2031-13-17T08:30:00Z\"}", "notAfter: must be a time with its offset, as 2031-05-17T08:30:00Z.")]
    [InlineData("{\"notAfter\":1937000000}", "notAfter: must be a time with its offset, as 2031-05-17T08:30:00Z.")]
    public void What_is_wrong_is_told_by_its_place_and_never_by_its_content(string text, string fault)
    {
        var told = Fault(Encoding.UTF8.GetBytes(text));
        told.ShouldStartWith(fault);
        told.ShouldNotContain(Canary);
    }

    [Fact]
    public void A_record_without_a_value_or_too_large_or_not_UTF8_is_no_command()
    {
        Fault(null).ShouldBe("the command is empty");
        Fault(new byte[1_025]).ShouldBe("the command has 1025 bytes, at most 1024 are taken");
        Fault([0x7B, 0xFF, 0xFE, 0x7D]).ShouldStartWith("the command is not JSON that can be read");
    }

    private static CommandRequest Read(string text)
    {
        CommandReader.TryRead(Encoding.UTF8.GetBytes(text), 1_024, out var command, out var fault).ShouldBeTrue(fault);
        return command!;
    }

    private static string Fault(byte[]? value)
    {
        CommandReader.TryRead(value, 1_024, out _, out var fault).ShouldBeFalse();
        return fault!;
    }
}
