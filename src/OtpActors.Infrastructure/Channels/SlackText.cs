using System.Text;
using System.Text.Json.Serialization;

namespace OtpActors.Infrastructure.Channels;

/// <summary>
/// Builds a message twice: as a block of rich text, whose pieces Slack shows as they are
/// (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block), and as the plain text that stands in where blocks are
/// not shown (notifications, other products' webhooks). So an address or a password never becomes markup, an emoji, a link or
/// a call. Not thread-safe.
/// </summary>
internal sealed class SlackText
{
    private readonly StringBuilder _text = new();
    private readonly List<SlackElement> _elements = [];

    public int TextLength => _text.Length;

    public int BlockLength { get; private set; }

    public SlackText Emoji(string name)
    {
        _text.Append(':').Append(name).Append(':');
        return Add(name.Length, new SlackElement { Type = "emoji", Name = name });
    }

    /// <summary>Our own words, which hold nothing that calls or links: a lone <c>&gt;</c> within a line is no markup.</summary>
    public SlackText Words(string text)
    {
        _text.Append(text);
        return Add(text.Length, new SlackElement { Type = "text", Text = text });
    }

    /// <summary>Somebody's text: shown as it is.</summary>
    public SlackText Literal(string text)
    {
        _text.Append(Escape(text));
        return Add(text.Length, new SlackElement { Type = "text", Text = text });
    }

    /// <summary>The same in the script of code, in which every character can be told from its neighbours.</summary>
    public SlackText Code(string text)
    {
        _text.Append(Escape(text));
        return Add(text.Length, new SlackElement { Type = "text", Text = text, Style = new SlackStyle(Code: true) });
    }

    public SlackPayload ToPayload(SlackOptions options) => new(options.Channel, options.Username, _text.ToString())
    {
        Blocks = [new SlackBlock { Type = "rich_text", Elements = [new SlackSection { Type = "rich_text_section", Elements = _elements }] }],
    };

    private SlackText Add(int length, SlackElement element)
    {
        BlockLength += length;
        _elements.Add(element);
        return this;
    }

    /// <summary>Slack's own rule: these three and no others; else <c>&lt;!channel&gt;</c> calls everyone.</summary>
    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
}

/// <summary>A block of a message. No record, like what it holds: its text would show the password.</summary>
public sealed class SlackBlock
{
    public required string Type { get; init; }

    public required IReadOnlyList<SlackSection> Elements { get; init; }
}

/// <summary>A paragraph of rich text.</summary>
public sealed class SlackSection
{
    public required string Type { get; init; }

    public required IReadOnlyList<SlackElement> Elements { get; init; }
}

/// <summary>A piece of a paragraph: a text or an emoji.</summary>
public sealed class SlackElement
{
    public required string Type { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Text { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SlackStyle? Style { get; init; }
}

/// <summary>How a text looks.</summary>
public sealed record SlackStyle(bool Code);
