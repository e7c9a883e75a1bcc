using OtpActors.Triggers;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Triggers;

public class DurationsSpecs
{
    [Theory]
    [InlineData("1ms", 1)]
    [InlineData("500ms", 500)]
    [InlineData("5s", 5_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("00:00:05", 5_000)]
    [InlineData("00:00:00.2500000", 250)]
    [InlineData("1.02:00:00", 93_600_000)]
    public void A_length_of_time_is_read_as_people_type_it(string text, long milliseconds)
    {
        Durations.TryParse(text, out var duration).ShouldBeTrue();
        duration.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData(" 5s")]
    [InlineData("5 s")]
    [InlineData("5S")]
    [InlineData("1d")]
    [InlineData("1e3s")]
    [InlineData("1,5s")]
    [InlineData("0s")]
    [InlineData("0.000ms")]
    [InlineData("-5s")]
    [InlineData("00:00:00")]
    [InlineData("-00:00:05")]
    [InlineData("00:05")]
    [InlineData("9000h")]
    [InlineData("999999999h")]
    [InlineData("1000.00:00:00")]
    public void What_is_none_or_not_above_zero_or_of_years_is_refused(string text) =>
        Durations.TryParse(text, out _).ShouldBeFalse();
}
