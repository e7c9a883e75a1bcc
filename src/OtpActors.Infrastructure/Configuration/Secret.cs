using System.ComponentModel;
using System.Globalization;

namespace OtpActors.Infrastructure.Configuration;

/// <summary>
/// A password, a token or an address that is one, as a setting. As text it masks itself, so that settings can be shown or
/// logged; <see cref="Reveal"/> is the only way to the value. Equal where the values are.
/// </summary>
[TypeConverter(typeof(FromText))]
public sealed record Secret
{
    /// <summary>Stands for a value that is set and not shown.</summary>
    public const string Mask = "***";

    private readonly string _value;

    public Secret(string value) => _value = value;

    /// <summary>A text becomes a secret without a word; the way back is <see cref="Reveal"/> alone.</summary>
    public static implicit operator Secret(string value) => new(value);

    /// <summary>The value itself: for the server it is meant for, never for a log.</summary>
    public string Reveal() => _value;

    public override string ToString() => Mask;

    /// <summary>Takes every text: a message of the binder's would repeat the one it refuses.</summary>
    private sealed class FromText : TypeConverter
    {
        public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

        public override object ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
            new Secret((string)value);
    }
}
