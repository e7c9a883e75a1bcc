using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers;

public class RunRequestsSpecs
{
    [Theory]
    [InlineData(5_000, 20_000, 5)] // at 0, 5, 10, 15 and 20 s
    [InlineData(5_000, 24_999, 5)]
    [InlineData(5_000, 25_000, 6)]
    [InlineData(5_000, 4_999, 1)]
    [InlineData(100, 300, 4)] // 0.3 / 0.1 is less than 3 in floating point
    public void The_first_record_is_produced_at_once_and_the_last_at_the_end(int interval, int duration, long records)
    {
        var spec = RunRequests.RecordsOf(new RunRequest
        {
            Interval = TimeSpan.FromMilliseconds(interval),
            Duration = TimeSpan.FromMilliseconds(duration),
        }).ShouldBeOfType<RecordSpec.Sample>();

        (spec.Count, spec.Interval).ShouldBe((records, TimeSpan.FromMilliseconds(interval)));
    }

    [Fact]
    public void An_empty_request_is_the_tutorial_s_five_records() =>
        RunRequests.RecordsOf(new RunRequest()).ShouldBe(new RecordSpec.Sample(
            new OtpRecord(EmailAddress.Parse("sample_email@my_email.com"), OneTimePassword.Parse("1234567")), TimeSpan.FromSeconds(5), 5));
}
