using System.Buffers;
using System.Globalization;
using System.Text;

namespace OtpActors.Domain.Records;

/// <summary>
/// Which characters a password may have: those that its owner can see and type. By the categories that .NET carries with
/// it, so that the answer is the same on every machine.
/// </summary>
internal static class PasswordCharacters
{
    /// <summary>
    /// Not of category Cf and yet without a shape of their own (Unicode's Default_Ignorable_Code_Point), or the shape of a
    /// blank, or what stands for a character that was lost.
    /// </summary>
    private static bool IsShapeless(int value) => value is
        0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2800 or 0x3164
        or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or 0xFFFC or 0xFFFD or (>= 0xE0000 and <= 0xE0FFF);

    /// <summary>What is wrong with the text, which is not empty; null where nothing is.</summary>
    public static string? FaultOf(string text)
    {
        if (BreakFaultOf(text) is { } broken)
        {
            return broken;
        }

        var first = true;
        foreach (var rune in text.EnumerateRunes())
        {
            var fault = IsShapeless(rune.Value) ? "the password has an invisible character" : Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.Format => "the password has an invisible character",
                UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned => "the password has a character that is not assigned",
                UnicodeCategory.SpaceSeparator when rune.Value != ' ' => "the password has a blank that is not a space",
                UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark when first =>
                    "the password begins with a mark that belongs to a letter before it",
                _ => null,
            };
            if (fault is not null)
            {
                return fault;
            }

            first = false;
        }

        return text[0] == ' ' || text[^1] == ' ' ? "the password begins or ends with a blank" : null;
    }

    /// <summary>What could break a line, and halves of characters, which no encoding can carry.</summary>
    public static string? BreakFaultOf(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var length) != OperationStatus.Done)
            {
                return "the password is not Unicode text";
            }

            if (Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                return "the password has control characters";
            }

            text = text[length..];
        }

        return null;
    }
}
