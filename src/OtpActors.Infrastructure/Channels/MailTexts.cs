using System.Collections.Frozen;
using System.Net;
using System.Text.RegularExpressions;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Channels;

/// <summary>
/// The words of a mail, in one language: built in, or from the files of a directory. A part of the name <c>mail.html</c> is
/// looked for as <c>mail.de-AT.html</c>, <c>mail.de.html</c> and <c>mail.html</c>; what no file holds stays as it is built in.
/// </summary>
internal sealed partial class MailTexts
{
    /// <summary>A file larger than this is none of these.</summary>
    private const int MaxBytes = 256 * 1024;

    private const string DefaultText = "{{heading}}\n\n{{otp}}\n\n{{ignore}}\n";

    private const string DefaultHtml = """
        <!DOCTYPE html>
        <html lang="{{language}}">
        <head><meta charset="utf-8"><title>{{subject}}</title></head>
        <body style="font-family: sans-serif">
        <h1>{{heading}}</h1>
        <p><code dir="auto" style="font-size: 1.5em; white-space: pre-wrap">{{otp}}</code></p>
        <p>{{ignore}}</p>
        </body>
        </html>

        """;

    private static readonly FrozenDictionary<string, Words> BuiltIn = new Dictionary<string, Words>
    {
        ["en"] = new("Your OTP", "You can find your One Time Password below", "If you did not ask for this, ignore this mail."),
        ["de"] = new("Ihr Einmalpasswort", "Unten steht Ihr Einmalpasswort", "Wenn Sie es nicht angefordert haben, beachten Sie diese Mail nicht."),
        ["es"] = new("Su contraseña de un solo uso", "Abajo encontrará su contraseña de un solo uso", "Si no la ha solicitado, ignore este mensaje."),
        ["fr"] = new("Votre mot de passe à usage unique", "Voici votre mot de passe à usage unique", "Si vous ne l'avez pas demandé, ignorez ce message."),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Placeholders = ["subject", "heading", "otp", "ignore", "language"];

    private readonly string _language;
    private readonly string _ignore;
    private readonly string _cassandraHeading;
    private readonly string _mongoHeading;
    private readonly string _text;
    private readonly string _html;

    /// <exception cref="SettingsException">A file cannot be read or has a placeholder that is none; or nothing is in this language.</exception>
    public MailTexts(MailOptions options)
    {
        _language = options.Language;
        var words = BuiltIn.GetValueOrDefault(_language) ?? BuiltIn.GetValueOrDefault(_language.Split('-')[0]);
        if (words is null && options.Templates is null)
        {
            throw new SettingsException(
                $"Mail:Language: nothing is built in for '{_language}', only for {string.Join(", ", BuiltIn.Keys.Order())}; Mail:Templates names files of your own.");
        }

        words ??= BuiltIn["en"];
        Subject = Line("subject.txt") ?? options.Subject;
        _cassandraHeading = Line($"heading.{StoreNames.Cassandra}.txt") ?? words.CassandraHeading;
        _mongoHeading = Line($"heading.{StoreNames.Mongo}.txt") ?? words.MongoHeading;
        _ignore = Line("ignore.txt") ?? words.Ignore;
        _text = Body("mail.txt") ?? DefaultText;
        _html = Body("mail.html") ?? DefaultHtml;

        string? Line(string name)
        {
            var line = Part(name)?.TrimEnd();
            return line is null || (line.Length is > 0 and <= 200 && !line.Any(char.IsControl))
                ? line
                : throw new SettingsException($"Mail:Templates: {name} must be one line of at most 200 characters.");
        }

        string? Body(string name) => Part(name) is not { } text || text.Contains("{{otp}}", StringComparison.Ordinal)
            ? Part(name)
            : throw new SettingsException($"Mail:Templates: {name} has no place for the password: put {{{{otp}}}} where it belongs.");

        string? Part(string name) => options.Templates is null ? null : Read(options.Templates, name, _language);
    }

    public string Subject { get; }

    public string Text(string store, string otp) => Fill(_text, store, otp, value => value);

    public string Html(string store, string otp) => Fill(_html, store, otp, value => WebUtility.HtmlEncode(value));

    /// <summary>In one pass: what is filled in is not looked at again.</summary>
    private string Fill(string template, string store, string otp, Func<string, string> encode) => Placeholder().Replace(
        template,
        match => encode(match.Groups[1].Value switch
        {
            "subject" => Subject,
            "heading" => store == StoreNames.Mongo ? _mongoHeading : _cassandraHeading,
            "otp" => otp,
            "ignore" => _ignore,
            _ => _language,
        }));

    private static string? Read(string directory, string name, string language)
    {
        var (stem, extension) = (Path.GetFileNameWithoutExtension(name), Path.GetExtension(name));
        string[] names = [$"{stem}.{language}{extension}", $"{stem}.{language.Split('-')[0]}{extension}", name];
        try
        {
            if (!Directory.Exists(directory))
            {
                throw new SettingsException($"Mail:Templates: there is no directory '{directory}'.");
            }

            return names.Select(n => new FileInfo(Path.Combine(directory, n))).FirstOrDefault(file => file.Exists) is { } found
                ? Check(found.Name, found.Length <= MaxBytes
                    ? File.ReadAllText(found.FullName)
                    : throw new SettingsException($"Mail:Templates: {found.Name} is larger than {MaxBytes / 1024} KiB."))
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"Mail:Templates: {e.Message}");
        }
    }

    private static string Check(string name, string text) =>
        Placeholder().Matches(text).FirstOrDefault(match => !Placeholders.Contains(match.Groups[1].Value)) is { } unknown
            ? throw new SettingsException(
                $"Mail:Templates: {name} has {unknown.Value}; there are {string.Join(", ", Placeholders.Order().Select(p => $"{{{{{p}}}}}"))}.")
            : text;

    [GeneratedRegex(@"\{\{([^{}]*)\}\}")]
    private static partial Regex Placeholder();

    private sealed record Words(string CassandraHeading, string MongoHeading, string Ignore);
}
