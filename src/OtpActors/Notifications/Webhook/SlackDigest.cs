using System.Text;

namespace OtpActors.Notifications.Webhook;

/// <summary>Many arrivals in one message, a line each.</summary>
internal static class SlackDigest
{
    /// <summary>Slack cuts texts beyond 40,000 characters.</summary>
    private const int MaxText = 30_000;

    /// <summary>Makes one payload of as many messages as fit into one text, at least one.</summary>
    /// <returns>The payload and how many are in it.</returns>
    public static (SlackPayload Payload, int Count) Of(IReadOnlyList<SlackMessage> messages, SlackOptions options)
    {
        var lines = new StringBuilder();
        var count = 0;
        foreach (var message in messages)
        {
            var line = $"\n{SlackPayload.Escape(message.Email.Value)}  OTP: {SlackPayload.Shown(message.Otp, options)}";
            if (count > 0 && lines.Length + line.Length > MaxText)
            {
                break;
            }

            lines.Append(line);
            count++;
        }

        return (new SlackPayload(options.Channel, options.Username, $":red_circle: {count} new e-mails and OTPs arrived{lines}"), count);
    }
}
