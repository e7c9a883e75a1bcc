using System.Globalization;

namespace OtpActors.Infrastructure.Channels.Slack;

/// <summary>Many arrivals in one message, a line each.</summary>
internal static class SlackDigest
{
    /// <summary>Slack refuses blocks of more than some 13,000 characters in all (<c>msg_blocks_too_long</c>) …</summary>
    private const int MaxBlocks = 10_000;

    /// <summary>… and cuts texts beyond 40,000, in which some characters take five.</summary>
    private const int MaxText = 30_000;

    /// <summary>Makes one payload of as many messages as fit into one text, at least one.</summary>
    /// <returns>The payload and how many are in it.</returns>
    public static (SlackPayload Payload, int Count) From(IReadOnlyList<SlackMessage> messages, SlackOptions options)
    {
        var (count, blocks, text) = (0, 0, 0);
        foreach (var line in messages.Select(message => Line(new SlackText(), message, options)))
        {
            (blocks, text) = (blocks + line.BlockLength, text + line.TextLength);
            if (count > 0 && (blocks > MaxBlocks || text > MaxText))
            {
                break;
            }

            count++;
        }

        var whole = new SlackText().Emoji("red_circle")
            .Words(string.Create(CultureInfo.InvariantCulture, $" {count} new e-mails and OTPs arrived"));
        foreach (var message in messages.Take(count))
        {
            Line(whole, message, options);
        }

        return (whole.ToPayload(options), count);
    }

    private static SlackText Line(SlackText text, SlackMessage message, SlackOptions options) => text
        .Words("\n").Emoji("email").Words(" -> ").Literal(message.Email.Value)
        .Words("  ").Emoji("ninja").Words(" -> ").Code(SlackPayload.Shown(message.Otp, options));
}
