"""The script that Streamlit runs; it stands alone in its folder for a reason given there."""
