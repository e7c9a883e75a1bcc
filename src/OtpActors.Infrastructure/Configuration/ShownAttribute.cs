namespace OtpActors.Infrastructure.Configuration;

/// <summary>
/// The option's text may be shown to whoever may read the settings: it can hold no credential. Any other text is masked,
/// so that an option nobody thought about shows nothing.
/// </summary>
/// <param name="entries">Of a dictionary: the entries that may be shown, whatever their case.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ShownAttribute(params string[] entries) : Attribute
{
    public IReadOnlyList<string> Entries => entries;
}
