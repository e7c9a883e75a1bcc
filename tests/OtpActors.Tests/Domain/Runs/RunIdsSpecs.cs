using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using OtpActors.Domain.Runs;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Domain.Runs;

public class RunIdsSpecs
{
    private static readonly DateTimeOffset Due = new(2031, 5, 17, 8, 30, 0, TimeSpan.FromHours(2));

    [Theory]
    [InlineData("fa-IR")]
    [InlineData("th-TH")]
    [InlineData("ar-SA")]
    [InlineData("tr-TR")]
    [InlineData("")]
    public void An_id_is_the_same_in_every_culture(string culture)
    {
        var own = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(culture);
            RunIds.OfSchedule("daily", Due).ShouldBe("daily-20310517-063000");
            RunIds.New(new FakeTimeProvider(Due)).ShouldStartWith("20310517-063000-");
            RunIds.OfCommand("otp_commands", 12, 34_567).ShouldBe("otp_commands-12-34567");
        }
        finally
        {
            CultureInfo.CurrentCulture = own;
        }
    }
}
