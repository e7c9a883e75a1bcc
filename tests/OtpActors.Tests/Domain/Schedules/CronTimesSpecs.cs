using System.Globalization;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Schedules;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Schedules;

public class CronTimesSpecs
{
    [Theory]
    [InlineData("@daily", "UTC", "2031-05-17T08:30:00Z", "2031-05-18T00:00:00Z", "2031-05-19T00:00:00Z")]
    [InlineData("0 9 * * *", "Asia/Kolkata", "2031-05-17T00:00:00Z", "2031-05-17T03:30:00Z", "2031-05-18T03:30:00Z")]
    [InlineData("0 9 * * *", "Asia/Kathmandu", "2031-05-17T00:00:00Z", "2031-05-17T03:15:00Z", "2031-05-18T03:15:00Z")]
    [InlineData("*/20 * * * * *", "UTC", "2031-05-17T08:30:00Z", "2031-05-17T08:30:20Z", "2031-05-17T08:30:40Z", "2031-05-17T08:31:00Z")]
    [InlineData("0 0 29 2 *", "UTC", "2029-01-01T00:00:00Z", "2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z")]
    [InlineData("0 12 L * *", "UTC", "2031-01-31T12:00:00Z", "2031-02-28T12:00:00Z", "2031-03-31T12:00:00Z")]
    [InlineData("0 8 * * MON", "Europe/Berlin", "2031-05-17T08:30:00Z", "2031-05-19T06:00:00Z", "2031-05-26T06:00:00Z")]
    public void Times_are_those_of_the_zone(string cron, string zone, string after, params string[] times) => ShouldBe(cron, zone, after, times);

    /// <summary>In Berlin the clocks go from 02:00 to 03:00 on 2031-03-30, at 01:00 UTC.</summary>
    [Theory]
    [InlineData("30 2 * * *", "2031-03-29T00:00:00Z", "2031-03-29T01:30:00Z", "2031-03-30T01:00:00Z", "2031-03-31T00:30:00Z")]
    [InlineData("0 2 * * *", "2031-03-29T12:00:00Z", "2031-03-30T01:00:00Z", "2031-03-31T00:00:00Z")]
    [InlineData("0 3 * * *", "2031-03-29T12:00:00Z", "2031-03-30T01:00:00Z", "2031-03-31T01:00:00Z")]
    [InlineData("*/30 * * * *", "2031-03-30T00:00:00Z", "2031-03-30T00:30:00Z", "2031-03-30T01:00:00Z", "2031-03-30T01:30:00Z")]
    [InlineData("@daily", "2031-03-29T12:00:00Z", "2031-03-29T23:00:00Z", "2031-03-30T22:00:00Z", "2031-03-31T22:00:00Z")]
    public void A_time_that_the_clocks_leave_out_comes_right_after_the_gap(string cron, string after, params string[] times) =>
        ShouldBe(cron, "Europe/Berlin", after, times);

    /// <summary>In Berlin the clocks go from 03:00 back to 02:00 on 2031-10-26, at 01:00 UTC.</summary>
    [Theory]
    [InlineData("30 2 * * *", "2031-10-25T12:00:00Z", "2031-10-26T00:30:00Z", "2031-10-27T01:30:00Z")]
    [InlineData("*/30 * * * *", "2031-10-26T00:00:00Z", "2031-10-26T00:30:00Z", "2031-10-26T01:00:00Z", "2031-10-26T01:30:00Z", "2031-10-26T02:00:00Z")]
    [InlineData("@daily", "2031-10-25T12:00:00Z", "2031-10-25T22:00:00Z", "2031-10-26T23:00:00Z")]
    public void A_time_of_day_that_comes_twice_counts_once_and_a_stretch_of_time_keeps_on(string cron, string after, params string[] times) =>
        ShouldBe(cron, "Europe/Berlin", after, times);

    /// <summary>On Lord Howe Island the clocks go by half an hour: from 02:00 to 02:30 on 2031-10-05, at 15:30 UTC of the day before.</summary>
    [Fact]
    public void Half_an_hour_that_is_left_out_counts_as_well() =>
        ShouldBe("15 2 * * *", "Australia/Lord_Howe", "2031-10-03T20:00:00Z", ["2031-10-04T15:30:00Z", "2031-10-05T15:15:00Z"]);

    /// <summary>Whatever the parser may throw of what people type: it is the field's fault.</summary>
    [Fact]
    public void No_expression_is_anything_but_a_schedule_or_a_wrong_field()
    {
        var random = new Random(20310517);
        const string letters = "0123456789*/,-?LW#H@ABCMONJAN ()\t\u0663\uff13\u00e9";
        for (var i = 0; i < 20_000; i++)
        {
            var cron = string.Join(' ', Enumerable.Range(0, random.Next(1, 7))
                .Select(_ => random.Next(3) == 0 ? "*" : string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => letters[random.Next(letters.Length)]))));
            try
            {
                CronTimes.From(cron, "Europe/Berlin").After(DateTimeOffset.UnixEpoch);
            }
            catch (RunRequestException e)
            {
                e.Field.ShouldBe("cron", cron);
            }
        }
    }

    [Fact]
    public void A_time_that_never_comes_is_known() => CronTimes.From("0 0 30 2 *", "UTC").After(DateTimeOffset.UnixEpoch).ShouldBeNull();

    [Theory]
    [InlineData("", "UTC", "cron")]
    [InlineData("* * * *", "UTC", "cron")]
    [InlineData("H * * * *", "UTC", "cron")]
    [InlineData("H H * * *", "UTC", "cron")]
    [InlineData("H(0-29) * * * *", "UTC", "cron")]
    [InlineData("H/15 * * * * *", "UTC", "cron")]
    [InlineData("0 0 * * H", "UTC", "cron")]
    [InlineData("0 0 h * *", "UTC", "cron")]
    [InlineData("٣ * * * *", "UTC", "cron")]
    [InlineData("３ * * * *", "UTC", "cron")]
    [InlineData("99999999999999999999 * * * *", "UTC", "cron")]
    [InlineData("*/0 * * * *", "UTC", "cron")]
    [InlineData("0\u20030 * * *", "UTC", "cron")]
    [InlineData("* * * * * * *", "UTC", "cron")]
    [InlineData("60 * * * *", "UTC", "cron")]
    [InlineData("@sometimes", "UTC", "cron")]
    [InlineData("a b c d e", "UTC", "cron")]
    [InlineData("@daily", "", "timeZone")]
    [InlineData("@daily", "Europe/Nowhere", "timeZone")]
    [InlineData("@daily", "../../../etc/passwd", "timeZone")]
    [InlineData("@daily", "W. Europe Standard Time", "timeZone")]
    public void What_is_no_expression_or_no_zone_is_refused_by_its_field(string cron, string zone, string field) =>
        Should.Throw<RunRequestException>(() => CronTimes.From(cron, zone)).Field.ShouldBe(field);

    private static void ShouldBe(string cron, string zone, string after, string[] times)
    {
        var of = CronTimes.From(cron, zone);
        var found = new List<DateTimeOffset>();
        for (var time = At(after); found.Count < times.Length;)
        {
            found.Add(time = of.After(time)!.Value);
        }

        found.ShouldBe(times.Select(At));
        of.Between(At(after), found[^1]).ShouldBe(found);
    }

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
}
