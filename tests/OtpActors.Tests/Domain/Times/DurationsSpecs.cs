using OtpActors.Domain.Times;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Times;

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
    [InlineData("PT5S", 5_000)]
    [InlineData("PT0.25S", 250)]
    [InlineData("PT0,25S", 250)]
    [InlineData("PT90M", 5_400_000)]
    [InlineData("PT1H30M", 5_400_000)]
    [InlineData("PT0.5H", 1_800_000)]
    [InlineData("P1DT2H", 93_600_000)]
    [InlineData("P2D", 172_800_000)]
    [InlineData("P1W", 604_800_000)]
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
    [InlineData("365.00:00:00")]
    [InlineData("1000.00:00:00")]
    [InlineData("P")]
    [InlineData("PT")]
    [InlineData("P1DT")]
    [InlineData("PT5")]
    [InlineData("T5S")]
    [InlineData("pt5s")]
    [InlineData("PT5s")]
    [InlineData("PT0S")]
    [InlineData("PT-5S")]
    [InlineData("-PT5S")]
    [InlineData("P1M")]
    [InlineData("P1Y")]
    [InlineData("P1W1D")]
    [InlineData("PT1.5H30M")]
    [InlineData("PT5M1H")]
    [InlineData("P366D")]
    [InlineData("P999999999W")]
    [InlineData("PT9999999999S")]
    [InlineData("PT5S\n")]
    [InlineData("5s\n")]
    [InlineData("00:00:05\n")]
    [InlineData(" 00:00:05")]
    [InlineData("00:99:05")]
    [InlineData("\u0665s")]
    [InlineData("1.\u0665s")]
    [InlineData("\uff15s")]
    [InlineData("\u096b00ms")]
    [InlineData("PT\u0665S")]
    [InlineData("00:00:\u0660\u0665")]
    [InlineData("\u0665.00:00:05")]
    [InlineData(null)]
    public void What_is_none_or_not_above_zero_or_of_years_is_refused(string? text) =>
        Durations.TryParse(text, out _).ShouldBeFalse();

    /// <summary>Digits of all scripts, signs and separators in every order: an answer, never an exception.</summary>
    [Fact]
    public void Whatever_is_given_there_is_an_answer()
    {
        string[] parts = ["0", "5", "999999999", "\u0665", "\uff10", "\ud835\udfce", ".", ",", ":", "-", "+", "P", "T", "D", "H", "M", "S", "W", "s", "ms", "m", "h", " ", "\n", "\0", "\u2028"];
        var random = new Random(1);
        for (var i = 0; i < 50_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => parts[random.Next(parts.Length)]));
            if (Durations.TryParse(text, out var duration))
            {
                duration.ShouldBeInRange(TimeSpan.FromTicks(1), TimeSpan.FromDays(365));
                text.ShouldAllBe(c => c < 128);
            }
        }
    }
}
