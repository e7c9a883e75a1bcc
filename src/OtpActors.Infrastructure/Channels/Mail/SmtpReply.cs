using System.Text;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Channels.Mail;

/// <summary>What a server said, fit for ledger, log and terminal.</summary>
internal static class SmtpReply
{
    private const int MaxLength = 200;

    /// <summary>One line of bounded length; the reader's address is masked and the password is not in it.</summary>
    public static string Clean(string? text, OtpMail mail) => Clean(
        (text ?? "")
            .Replace(mail.To.Value, mail.To.ToString(), StringComparison.OrdinalIgnoreCase)
            .Replace(mail.Otp.Reveal(), OneTimePassword.Mask, StringComparison.Ordinal));

    public static string Clean(string? text)
    {
        var clean = new StringBuilder(MaxLength);
        foreach (var rune in (text ?? "").EnumerateRunes())
        {
            if (clean.Length >= MaxLength)
            {
                return clean.Append('…').ToString();
            }

            var shown = Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.Format
                ? new Rune(' ')
                : rune;
            if (!Rune.IsWhiteSpace(shown) || (clean.Length > 0 && clean[^1] != ' '))
            {
                clean.Append(shown);
            }
        }

        return clean.ToString().TrimEnd();
    }
}
