using System.ComponentModel.DataAnnotations;
using OtpActors.Infrastructure.Channels;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels;

public class NotificationOptionsSpecs
{
    public static TheoryData<object> Wrong =>
    [
        new MailOptions { From = "" },
        new MailOptions { From = "otp" },
        new MailOptions { From = "otp@localhost\r\nBcc: x@example.com" },
        new MailOptions { Subject = "" },
        new MailOptions { Subject = "One\r\nBcc: x@example.com" },
        new MailOptions { Language = "en\"><script>" },
        new SlackOptions { Channel = "" },
        new SlackOptions { Username = "" },
    ];

    [Fact]
    public void The_defaults_are_valid()
    {
        Valid(new MailOptions()).ShouldBeTrue();
        Valid(new SlackOptions()).ShouldBeTrue();
    }

    [Theory, MemberData(nameof(Wrong))]
    public void What_could_not_be_sent_or_could_add_a_header_is_refused_at_the_start(object options) =>
        Valid(options).ShouldBeFalse();

    private static bool Valid(object options) =>
        Validator.TryValidateObject(options, new ValidationContext(options), [], validateAllProperties: true);
}
